"""Calls a running Bursar through the client that openapi-python-client made of its document.

Takes the address, a key and a connection's id from the environment, and prints what it got
as JSON. Types are checked on the way: `from_dict` of a model reads every field by its type.
"""

import json
import os
from uuid import UUID

from bursar_client import AuthenticatedClient
from bursar_client.api.connections import get_connection
from bursar_client.api.entities import create_entity, list_entities
from bursar_client.models import Connection, Entity, NewEntity, Problem

client = AuthenticatedClient(
    base_url=os.environ["BURSAR_URL"], token=os.environ["BURSAR_KEY"], raise_on_unexpected_status=True
)

made = create_entity.sync(client=client, body=NewEntity(external_entity_id="customer-42", name="Blue Heron LLC"))
assert isinstance(made, Entity), made
again = create_entity.sync_detailed(client=client, body=NewEntity(external_entity_id="customer-42"))
assert again.status_code == 409 and isinstance(again.parsed, Problem), again
page = list_entities.sync(client=client, limit=1)
names = [entity.external_entity_id for entity in page.data]
while page.pagination.has_more:
    page = list_entities.sync(client=client, limit=1, cursor=page.pagination.next_cursor)
    names += [entity.external_entity_id for entity in page.data]
connection = get_connection.sync(client=client, connection_id=UUID(os.environ["BURSAR_CONNECTION"]))
assert isinstance(connection, Connection), connection
missing = get_connection.sync(client=client, connection_id=UUID(int=0))
assert isinstance(missing, Problem), missing

print(
    json.dumps(
        {
            "made": made.external_entity_id,
            "refused": again.parsed.code,
            "entities": names,
            "connection": connection.to_dict(),
            "year": connection.created_at.year,
            "missing": missing.code,
        }
    )
)
