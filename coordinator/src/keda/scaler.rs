//! The calls of KEDA's external scaler: what is asked, and the answer's shape.
//!
//! Not here: when streams are told of a change (`announcer`).

use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use futures::stream::unfold;
use tonic::{Request, Response, Status};

use super::announcer::{Announcer, Told, is_active};
use super::wire::external_scaler_server::ExternalScaler;
use super::wire::{
    GetMetricSpecResponse, GetMetricsRequest, GetMetricsResponse, IsActiveResponse, MetricSpec, MetricValue,
    ScaledObjectRef,
};
use crate::fleet::{Error, Measured};
use crate::queue::QueueError;

/// The one pool.
const POOL: &str = "default";

/// The one metric.
const METRIC: &str = "desired_agents";

/// How much of the metric one agent stands for, so that ⌈metric / target⌉ is the number.
const TARGET: u32 = 1;

/// What a trigger's metadata names beside the pool: it is KEDA's own, and it passes it on.
const OF_KEDA: [&str; 4] = ["scalerAddress", "enableTLS", "unsafeSsl", "tlsCertFile"];

/// Answers KEDA.
pub(super) struct Scaler {
    announcer: Arc<Announcer>,
}

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Scaler {
    pub(super) fn new(announcer: Arc<Announcer>) -> Self {
        Self { announcer }
    }

    async fn measure(&self) -> Result<Measured, Status> {
        self.announcer.measure().await.map_err(away)
    }
}

#[tonic::async_trait]
impl ExternalScaler for Scaler {
    async fn is_active(&self, request: Request<ScaledObjectRef>) -> Answer<IsActiveResponse> {
        check(request.get_ref())?;
        Ok(Response::new(IsActiveResponse { result: is_active(&self.measure().await?) }))
    }

    type StreamIsActiveStream = Answers<IsActiveResponse>;

    async fn stream_is_active(&self, request: Request<ScaledObjectRef>) -> Answer<Self::StreamIsActiveStream> {
        check(request.get_ref())?;
        // Before it is measured, so that no change falls in between.
        let told = self.announcer.listen();
        let first = is_active(&self.measure().await?);
        let stream = unfold((told, None), move |(mut told, last)| async move {
            let Some(last) = last else {
                return Some((Ok(IsActiveResponse { result: first }), (told, Some(first))));
            };
            loop {
                let now = *told.borrow_and_update();
                match now {
                    Told::Ending => return None,
                    Told::Active(active) if active != last => {
                        return Some((Ok(IsActiveResponse { result: active }), (told, Some(active))));
                    }
                    Told::Active(_) | Told::Nothing => {}
                }
                told.changed().await.ok()?;
            }
        });
        Ok(Response::new(Box::pin(stream)))
    }

    async fn get_metric_spec(&self, request: Request<ScaledObjectRef>) -> Answer<GetMetricSpecResponse> {
        check(request.get_ref())?;
        let spec =
            MetricSpec { metric_name: METRIC.to_owned(), target_size: TARGET.into(), target_size_float: TARGET.into() };
        Ok(Response::new(GetMetricSpecResponse { metric_specs: vec![spec] }))
    }

    async fn get_metrics(&self, request: Request<GetMetricsRequest>) -> Answer<GetMetricsResponse> {
        let GetMetricsRequest { scaled_object_ref, metric_name } = request.into_inner();
        check(&scaled_object_ref.ok_or_else(|| Status::invalid_argument("there is no scaledObjectRef"))?)?;
        if metric_name != METRIC {
            return Err(Status::invalid_argument(format!("the metric is {METRIC}")));
        }
        let desired = self.measure().await?.desired;
        let value = MetricValue {
            metric_name,
            metric_value: (desired * TARGET).into(),
            metric_value_float: (desired * TARGET).into(),
        };
        Ok(Response::new(GetMetricsResponse { metric_values: vec![value] }))
    }

    type StreamMetricSpecStream = Answers<GetMetricSpecResponse>;

    async fn stream_metric_spec(&self, _: Request<ScaledObjectRef>) -> Answer<Self::StreamMetricSpecStream> {
        // What KEDA takes as: never, and doesn't ask again.
        Err(Status::unimplemented("the specification never changes"))
    }
}

/// Whether a trigger is one of ours. What it says isn't repeated: it ends up in KEDA's events.
fn check(scaled: &ScaledObjectRef) -> Result<(), Status> {
    let is_known = |key: &&String| OF_KEDA.contains(&key.as_str()) || *key == "pool";
    if !scaled.scaler_metadata.keys().all(|key| is_known(&key)) {
        let known = OF_KEDA.join(", ");
        return Err(Status::invalid_argument(format!("the trigger's metadata is `pool`, and KEDA's own {known}")));
    }
    match scaled.scaler_metadata.get("pool").map(String::as_str) {
        None | Some(POOL) => Ok(()),
        Some("") => Err(Status::invalid_argument("`pool` is empty; leave it out, or name `default`")),
        Some(_) => Err(Status::not_found("there is one pool, `default`")),
    }
}

/// KEDA keeps what it has, and asks again.
#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn away(error: Error) -> Status {
    match error {
        Error::Queue(QueueError::Lost) => tracing::debug!("KEDA isn't answered: the queue is lost"),
        ref error => tracing::warn!(error = error as &dyn std::error::Error, "KEDA couldn't be answered"),
    }
    Status::unavailable("the queue or the store is away")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic::Code;

    use super::{ScaledObjectRef, check};

    #[test]
    fn a_trigger_names_the_one_pool_or_none_and_nothing_unknown() {
        let code = |metadata: &[(&str, &str)]| {
            let scaler_metadata: HashMap<String, String> =
                metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            let scaled = ScaledObjectRef { scaler_metadata, ..Default::default() };
            check(&scaled).err().map(|status| status.code())
        };
        assert_eq!(code(&[]), None);
        assert_eq!(code(&[("pool", "default"), ("scalerAddress", "bursar:9090"), ("enableTLS", "true")]), None);
        assert_eq!(code(&[("pool", "another")]), Some(Code::NotFound));
        assert_eq!(code(&[("pool", "")]), Some(Code::InvalidArgument));
        assert_eq!(code(&[("pool", "default"), ("threshold", "3")]), Some(Code::InvalidArgument));
        // One that is wrong altogether isn't told which pools there are.
        assert_eq!(code(&[("pool", "another"), ("queueLength", "3")]), Some(Code::InvalidArgument));
    }
}
