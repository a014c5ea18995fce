//! KEDA's external scaler: the number of agents over gRPC, on an address of its own.
//!
//! ```text
//! KEDA ── IsActive, StreamIsActive ──▶ from none to one, and back
//!      └─ GetMetricSpec, GetMetrics ─▶ its HPA: agents = ⌈desired_agents / 1⌉
//! ```
//!
//! It tells numbers of a pool and takes no orders. KEDA shows no token; who is let in is a
//! matter of the network, and of TLS with certificates of clients where it is configured.
//!
//! Not here: the rule (`domain::scale`), measuring (`fleet::scale`), starting and ending
//! agents, which Kubernetes does; and the same number over HTTP (`http::control`).

mod announcer;
mod scaler;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

use self::announcer::Announcer;
use self::scaler::Scaler;
use self::wire::external_scaler_server::ExternalScalerServer;
use crate::config::Keda;
use crate::fleet::Fleet;

/// What `build.rs` made of KEDA's file.
#[expect(clippy::allow_attributes_without_reason, clippy::pedantic, reason = "it is generated")]
mod wire {
    tonic::include_proto!("externalscaler");
}

/// The largest request, in bytes: a few words of metadata.
const LARGEST: usize = 64 * 1024;

/// How many calls one connection may have open at once.
const CALLS_AT_ONCE: u32 = 64;

/// How often a silent connection is asked whether anybody is there, and how long that may take.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// An address that is listened on, and with whom one speaks there.
pub struct Door {
    listener: TcpListener,
    server: Server,
    address: SocketAddr,
}

/// The external scaler can't serve.
#[derive(Debug, thiserror::Error)]
pub enum KedaError {
    /// Its address.
    #[error("{address} can't be listened on for KEDA")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A file of its certificates.
    #[error("the file {path} can't be read")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is in them, or the connection as a whole.
    #[error("KEDA can't be served")]
    Serve(#[from] tonic::transport::Error),
}

impl Door {
    /// Listens as the settings say; none where they name no address.
    ///
    /// # Errors
    /// [`KedaError`].
    pub async fn open(settings: &Keda) -> Result<Option<Self>, KedaError> {
        let Some(address) = settings.listen else { return Ok(None) };
        let tls = match &settings.certificate {
            None => None,
            Some(certificate) => {
                let (certificate, key) = (read(certificate)?, settings.key.as_deref().map(read).transpose()?);
                let tls = ServerTlsConfig::new().identity(Identity::from_pem(certificate, key.unwrap_or_default()));
                Some(match &settings.client_authority {
                    Some(authority) => tls.client_ca_root(Certificate::from_pem(read(authority)?)),
                    None => tls,
                })
            }
        };
        let (every, patience) = KEEP_ALIVE;
        let mut server = Server::builder()
            .max_concurrent_streams(CALLS_AT_ONCE)
            .http2_keepalive_interval(Some(every))
            .http2_keepalive_timeout(Some(patience));
        if let Some(tls) = tls {
            server = server.tls_config(tls)?;
        }
        if settings.client_authority.is_none() && !address.ip().is_loopback() {
            tracing::warn!(%address, "whoever reaches this address is told how many agents there should be");
        }
        let unusable = |source| KedaError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(unusable)?;
        let address = listener.local_addr().map_err(unusable)?;
        Ok(Some(Self { listener, server, address }))
    }

    /// Where it is; port 0 has become a port by now.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `end` comes. Streams end with it.
    ///
    /// # Errors
    /// [`KedaError`].
    pub async fn serve(self, fleet: Arc<Fleet>, end: impl Future<Output = ()>) -> Result<(), KedaError> {
        let announcer = Arc::new(Announcer::new(fleet));
        let scaler = ExternalScalerServer::new(Scaler::new(Arc::clone(&announcer))).max_decoding_message_size(LARGEST);
        let mut server = self.server;
        let ending = async {
            tokio::select! {
                () = end => {}
                () = announcer.look() => {}
            }
            announcer.end();
        };
        let incoming = TcpIncoming::from(self.listener).with_nodelay(Some(true));
        Ok(server.add_service(scaler).serve_with_incoming_shutdown(incoming, ending).await?)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, KedaError> {
    std::fs::read(path).map_err(|source| KedaError::File { path: path.to_owned(), source })
}
