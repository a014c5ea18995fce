//! The page around each page: head, navigation, main part. One look for all of them.
//!
//! Not here: what stands in the main part.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::role::Role;
use maud::{DOCTYPE, Markup, html};

use super::assets;
use super::door::Visitor;

/// The parts of the console, in the order of the navigation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Overview,
    Challenges,
    Connections,
    Institutions,
    Agents,
    DeadLetters,
    Webhooks,
    Keys,
    Users,
    Audit,
    Account,
}

impl Section {
    const ALL: [Self; 10] = [
        Self::Overview,
        Self::Challenges,
        Self::Connections,
        Self::Institutions,
        Self::Agents,
        Self::DeadLetters,
        Self::Webhooks,
        Self::Keys,
        Self::Users,
        Self::Audit,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Challenges => "Challenges",
            Self::Connections => "Connections",
            Self::Institutions => "Institutions",
            Self::Agents => "Agents",
            Self::DeadLetters => "Dead letters",
            Self::Webhooks => "Webhooks",
            Self::Keys => "Keys",
            Self::Users => "Users",
            Self::Audit => "Audit trail",
            Self::Account => "Your account",
        }
    }

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/console",
            Self::Challenges => "/console/challenges",
            Self::Connections => "/console/connections",
            Self::Institutions => "/console/institutions",
            Self::Agents => "/console/agents",
            Self::DeadLetters => "/console/dead-letters",
            Self::Webhooks => "/console/webhooks",
            Self::Keys => "/console/keys",
            Self::Users => "/console/users",
            Self::Audit => "/console/audit",
            Self::Account => "/console/account",
        }
    }

    /// Whether the navigation shows it to a visitor.
    fn is_for(self, visitor: &Visitor) -> bool {
        match self {
            Self::Keys | Self::Users | Self::Audit => visitor.may(Role::Administrator),
            Self::Agents => visitor.sees_all(),
            _ => true,
        }
    }
}

/// A page.
pub(super) struct Page<'a> {
    pub(super) visitor: &'a Visitor,
    pub(super) section: Section,
    pub(super) title: &'a str,
    /// What was just done, in words.
    pub(super) said: Option<&'static str>,
    pub(super) body: Markup,
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        let Page { visitor, section, title, said, body } = self;
        let user = &visitor.signed_in.user;
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                (head(title))
                body data-events="/console/events" {
                    a.skip href="#main" { "Skip to the content" }
                    header.top {
                        a.brand href="/console" { "Bursar" }
                        nav aria-label="Console" {
                            ul {
                                @for one in Section::ALL.into_iter().filter(|one| one.is_for(visitor)) {
                                    li {
                                        a href=(one.path()) aria-current=[(one == section).then_some("page")] {
                                            (one.label())
                                        }
                                    }
                                }
                            }
                        }
                        div.who {
                            a href=(Section::Account.path())
                                aria-current=[(section == Section::Account).then_some("page")] {
                                (user.display_name) " " span.quiet { "(" (user.role) ")" }
                            }
                            form method="post" action="/console/logout" {
                                (token(visitor))
                                button.plain type="submit" { "Sign out" }
                            }
                        }
                    }
                    main id="main" tabindex="-1" {
                        h1 { (title) }
                        @if let Some(said) = said { p.said role="status" { (said) } }
                        (body)
                    }
                    p.hidden id="live" role="status" aria-live="polite" {}
                    p.offline id="offline" role="status" hidden {
                        "The page isn't live: the connection to the coordinator is interrupted."
                    }
                }
            }
        };
        answer(&page)
    }
}

/// A page with one thing on it, for those who aren't signed in and for what couldn't be.
pub(super) fn card(title: &str, body: &Markup) -> Response {
    answer(&html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body.single {
                main id="main" {
                    p.brand { "Bursar" }
                    h1 { (title) }
                    (body)
                }
            }
        }
    })
}

/// The field by which a form shows that a page of this session made it.
pub(super) fn token(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name="token" value=(visitor.form_token); }
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · Bursar" }
            link rel="icon" href="data:,";
            link rel="stylesheet" href=(assets::style());
            @for script in assets::scripts() { script src=(script) defer {} }
        }
    }
}

fn answer(page: &Markup) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.0.clone()).into_response()
}
