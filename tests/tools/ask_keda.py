"""Asks an external scaler as KEDA does, with the library for gRPC.

Takes `{"address", "proto", "tls"?}` as the first line of stdin, then a call a line:
`{"call", "metadata"?, "metric"?, "whole"?}`. Prints a line for each answer, which is an
object, or `{"code"}` where the call was refused. The call `StreamIsActive` is the last: it
prints a line for each answer, and `{"code"}` when the stream has ended.
"""

import json
import os
import sys

import grpc

PATIENCE = 60


def say(what):
    print(json.dumps(what), flush=True)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def connect(address, tls):
    if tls is None:
        return grpc.insecure_channel(address)
    own = (read(tls["key"]), read(tls["certificate"])) if "key" in tls else (None, None)
    credentials = grpc.ssl_channel_credentials(read(tls["authority"]), *own)
    return grpc.secure_channel(address, credentials)


first = json.loads(sys.stdin.readline())
folder, name = os.path.split(first["proto"])
sys.path.insert(0, folder)
messages, services = grpc.protos_and_services(name)
scaler = services.ExternalScalerStub(connect(first["address"], first.get("tls")))

for line in sys.stdin:
    asked = json.loads(line)
    call = asked["call"]
    scaled = messages.ScaledObjectRef(name="agent", namespace="bursar", scalerMetadata=asked.get("metadata", {}))
    try:
        if call == "IsActive":
            say({"result": scaler.IsActive(scaled, timeout=PATIENCE).result})
        elif call == "GetMetricSpec":
            specs = scaler.GetMetricSpec(scaled, timeout=PATIENCE).metricSpecs
            say({"specs": [[spec.metricName, spec.targetSize, spec.targetSizeFloat] for spec in specs]})
        elif call == "GetMetrics":
            wanted = messages.GetMetricsRequest(metricName=asked["metric"])
            if asked.get("whole", True):
                wanted.scaledObjectRef.CopyFrom(scaled)
            values = scaler.GetMetrics(wanted, timeout=PATIENCE).metricValues
            say({"values": [[value.metricName, value.metricValue, value.metricValueFloat] for value in values]})
        elif call == "StreamMetricSpec":
            for spec in scaler.StreamMetricSpec(scaled, timeout=PATIENCE):
                say({"spec": str(spec)})
        elif call == "StreamIsActive":
            for answer in scaler.StreamIsActive(scaled):
                say({"result": answer.result})
            say({"code": "OK"})
    except grpc.RpcError as error:
        say({"code": error.code().name})
