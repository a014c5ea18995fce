//! Logs and metrics: `tracing` to stderr, Prometheus at `/metrics`.
//!
//! Logs never hold credentials, answers, page bodies, account numbers or amounts.

use std::io::IsTerminal as _;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{ConfigError, Log, LogFormat};

/// Begins to write logs.
///
/// # Errors
/// [`ConfigError`] for a filter that can't be read.
pub fn log(settings: &Log) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&settings.filter)
        .map_err(|error| ConfigError::Senseless { setting: "log.filter", reason: error.to_string() })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let builder = builder.with_ansi(std::io::stderr().is_terminal());
    // It is only begun once a process; a second time would change nothing.
    let _ = match settings.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    Ok(())
}

/// Begins to count.
///
/// # Errors
/// Text of what the recorder says when it can't be installed.
pub fn metrics() -> Result<PrometheusHandle, String> {
    let buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    let builder = PrometheusBuilder::new().set_buckets(&buckets).map_err(|error| error.to_string())?;
    let handle = builder.install_recorder().map_err(|error| error.to_string())?;
    metrics::describe_counter!("bursar_leases_total", "Runs that were leased to agents");
    metrics::describe_counter!("bursar_leases_lapsed_total", "Leases whose agent went silent");
    metrics::describe_counter!("bursar_runs_total", "Runs that ended, by outcome");
    metrics::describe_histogram!(
        "bursar_reading_seconds",
        "How long reading took, by what was read with and institution"
    );
    metrics::describe_gauge!("bursar_page_distance", "How far a page was from its first look, by institution and page");
    metrics::describe_counter!("bursar_script_ways_total", "Ways to find what has several, by institution and outcome");
    metrics::describe_counter!("bursar_overprivileged_runs_total", "Runs whose user may do more than look at accounts");
    metrics::describe_counter!("bursar_challenges_total", "Questions of banks that were opened");
    metrics::describe_counter!("bursar_webhook_deliveries_total", "Attempts at deliveries, by outcome");
    metrics::describe_gauge!("bursar_webhook_deliveries_in_flight", "Deliveries that are being sent");
    metrics::describe_gauge!("bursar_webhook_oldest_pending_seconds", "Age of the oldest delivery that is pending");
    metrics::describe_histogram!("bursar_http_request_seconds", "Time to answer, by route and status");
    Ok(handle)
}
