//! Requests at a fixed rate, whether or not the answers keep up: each latency counts from
//! the moment at which the request was due, so that a slow answer can't hide the ones
//! that waited behind it (open loop, without coordinated omission).
//!
//! Not here: which requests; the bench says that.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::Failure;

/// What a series of requests came to.
pub(crate) struct Latencies {
    /// In milliseconds, sorted.
    sorted: Vec<f64>,
}

impl Latencies {
    pub(crate) fn new(mut milliseconds: Vec<f64>) -> Self {
        milliseconds.sort_by(f64::total_cmp);
        Self { sorted: milliseconds }
    }

    /// The latency that `percent` of the requests kept to (nearest rank), in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.sorted.len() * percent).div_ceil(100).max(1);
        self.sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
    }
}

/// Sends one of `requests` after the other, `rate` a second, for `duration`; an answer
/// that isn't a success ends the bench.
pub(crate) async fn at_rate(
    client: &reqwest::Client,
    requests: &[reqwest::Request],
    rate: u32,
    duration: Duration,
) -> Result<Latencies, Failure> {
    let start = Instant::now() + Duration::from_millis(50);
    let count = duration.as_secs() * u64::from(rate);
    let mut under_way = tokio::task::JoinSet::new();
    for (number, request) in (0..count).zip(requests.iter().cycle()) {
        let due = start + Duration::from_secs(1).mul_f64(number as f64 / f64::from(rate));
        let request = request.try_clone().ok_or("a request without a stream can be cloned")?;
        let client = client.clone();
        sleep_until(due).await;
        under_way.spawn(async move {
            let answer = client.execute(request).await?.error_for_status()?;
            answer.bytes().await?;
            Ok::<_, reqwest::Error>(due.elapsed().as_secs_f64() * 1_000.0)
        });
    }
    let mut milliseconds = Vec::new();
    while let Some(done) = under_way.join_next().await {
        milliseconds.push(done??);
    }
    Ok(Latencies::new(milliseconds))
}

/// Sends `count` requests one after the other.
pub(crate) async fn one_by_one(
    client: &reqwest::Client,
    request: &reqwest::Request,
    count: usize,
) -> Result<Latencies, Failure> {
    let mut milliseconds = Vec::new();
    for _ in 0..count {
        let request = request.try_clone().ok_or("a request without a stream can be cloned")?;
        let start = Instant::now();
        client.execute(request).await?.error_for_status()?.bytes().await?;
        milliseconds.push(start.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(Latencies::new(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::Latencies;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let latencies = Latencies::new((1..=200).rev().map(f64::from).collect());
        assert_eq!([50, 99, 100].map(|percent| latencies.percentile(percent)), [100.0, 198.0, 200.0]);
        assert_eq!(Latencies::new(vec![3.0]).percentile(99), 3.0);
    }
}
