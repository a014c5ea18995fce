//! What every Chromium is started with, whoever starts it.
//!
//! Not here: what each of them adds: its profile, its sandbox, its way out.

/// What of its environment whoever starts one hands on: the agent's has the token in it.
pub(crate) const ENVIRONMENT: [&str; 4] = ["PATH", "LANG", "FONTCONFIG_FILE", "FONTCONFIG_PATH"];

/// What every browser is started with: no traffic of its own, nothing that outlives
/// the session, nothing that waits for a person, and no throttling of pages that
/// aren't in front.
pub(crate) const SWITCHES: [&str; 32] = [
    "--no-first-run",
    "--no-default-browser-check",
    "--no-service-autorun",
    "--no-pings",
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--disable-quic",
    "--js-flags=--optimize-for-size",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-hang-monitor",
    "--disable-ipc-flooding-protection",
    "--disable-search-engine-choice-screen",
    "--metrics-recording-only",
    "--mute-audio",
    "--hide-scrollbars",
    "--password-store=basic",
    "--use-mock-keychain",
    // Sessions reach the network through their own proxy or not at all.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    // RenderDocument gives every document a frame of its own, and a picture that is taken meanwhile is lost.
    "--disable-features=BackForwardCache,Translate,MediaRouter,OptimizationHints,\
     AutofillServerCommunication,CertificateTransparencyComponentUpdater,DialMediaRouteProvider,\
     HttpsUpgrades,InterestFeedContentSuggestions,Prerender2,RenderDocument,SpeculationRules",
];
