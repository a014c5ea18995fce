//! Who a session without a browser is to a portal: the cookies and the name that a browser had.
//!
//! Not here: how a browser is asked for them.

use std::fmt;
use std::sync::Arc;

use domain::secret::Secret;
use reqwest::cookie::Jar;
use url::Url;

/// What a portal knows a browser by. Nothing of it is shown.
#[derive(Default)]
pub struct Identity {
    /// What it calls itself; none for this agent's own name.
    pub user_agent: Option<String>,
    /// The session's cookies.
    pub cookies: Vec<Cookie>,
}

/// A cookie as a browser keeps it.
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value, which opens the session.
    pub value: Secret,
    /// The host that it is sent to; with a dot before it, and to those below.
    pub domain: String,
    /// The path that it is sent to, and to what is below.
    pub path: String,
    /// Whether it is sent over TLS alone.
    pub is_secure: bool,
}

impl Identity {
    /// A jar with the cookies. What isn't one is left out, as a browser would.
    pub(super) fn jar(&self) -> Arc<Jar> {
        let jar = Jar::default();
        for cookie in &self.cookies {
            let host = cookie.domain.trim_start_matches('.');
            // The jar takes a secure cookie from a secure place alone.
            let scheme = if cookie.is_secure { "https" } else { "http" };
            let Ok(from) = Url::parse(&format!("{scheme}://{host}/")) else { continue };
            let is_plain = |text: &str| !text.contains(|c: char| c.is_control() || c == ';');
            if ![&cookie.name, cookie.value.expose(), &cookie.domain, &cookie.path].into_iter().all(is_plain) {
                continue;
            }
            let mut line = format!("{}={}; Path={}", cookie.name, cookie.value.expose(), cookie.path);
            if cookie.domain.starts_with('.') {
                line.push_str(&format!("; Domain={host}"));
            }
            if cookie.is_secure {
                line.push_str("; Secure");
            }
            jar.add_cookie_str(&line, &from);
        }
        Arc::new(jar)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identity({} cookies)", self.cookies.len())
    }
}

#[cfg(test)]
mod tests {
    use domain::secret::Secret;
    use reqwest::cookie::CookieStore as _;

    use super::{Cookie, Identity};

    fn cookie(name: &str, domain: &str, path: &str, is_secure: bool) -> Cookie {
        let value = Secret::new(format!("of-{name}"));
        Cookie { name: name.into(), value, domain: domain.into(), path: path.into(), is_secure }
    }

    #[test]
    fn cookies_are_sent_where_the_browser_would_send_them() {
        let cookies = vec![
            cookie("host", "bank.example", "/", false),
            cookie("below", ".bank.example", "/", false),
            cookie("path", "bank.example", "/in", false),
            cookie("secure", "bank.example", "/", true),
            cookie("split", "bank.example", "/; Domain=.example", false),
        ];
        let jar = Identity { user_agent: None, cookies }.jar();
        let check = |url: &str, expected: &[&str]| {
            let sent = jar.cookies(&url.parse().expect("a url"));
            let sent = sent.map(|sent| sent.to_str().expect("text").to_owned()).unwrap_or_default();
            let mut names: Vec<&str> = sent.split("; ").filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
            names.sort_unstable();
            assert_eq!(names, expected, "{url}");
        };
        check("http://bank.example/", &["below", "host"]);
        check("https://bank.example/in/list", &["below", "host", "path", "secure"]);
        check("https://www.bank.example/", &["below"]);
        check("https://other.example/", &[]);
    }

    #[test]
    fn nothing_of_it_is_shown() {
        let cookies = vec![cookie("SID", "bank.example", "/", true)];
        assert_eq!(format!("{:?}", Identity { user_agent: Some("x".into()), cookies }), "Identity(1 cookies)");
    }
}
