//! The page around everything: head, whose page it is, how far the set-up has come, the main part.
//!
//! Not here: what stands in the main part.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, html};

use super::assets;
use super::brand::Brand;

/// How often a page without scripts looks again, in seconds.
const LOOKS_AGAIN: u32 = 5;

/// How something that is said is meant: by its sign, and by its colour beside that.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
}

impl Tone {
    const fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Bad => "!",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Good => "said good",
            Self::Bad => "said bad",
        }
    }
}

/// How far the set-up has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Leg {
    /// The delegated user is created, and its credentials are given.
    User,
    /// The bank is signed in to.
    SignIn,
    /// All is done.
    Done,
}

impl Leg {
    const ALL: [(Self, &'static str); 3] =
        [(Self::User, "Add the user"), (Self::SignIn, "First sign-in"), (Self::Done, "Connected")];
}

/// How a page keeps up with what happens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// It looks again by itself, with scripts or without.
    Again,
    /// With scripts alone: without, what is being typed would be gone.
    WithScripts,
    /// Nothing happens unless somebody does something.
    Once,
}

/// A page.
pub(super) struct Page<'a> {
    pub(super) brand: &'a Brand,
    pub(super) status: StatusCode,
    pub(super) leg: Leg,
    pub(super) title: &'a str,
    pub(super) looks: Looks,
    /// What was just done, or why not.
    pub(super) said: Option<(Tone, String)>,
    pub(super) body: Markup,
}

impl Page<'_> {
    pub(super) fn answer(self) -> Response {
        let Page { brand, status, leg, title, looks, said, body } = self;
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                (head(brand, title, looks))
                body data-looks=[(looks != Looks::Once).then_some("")] {
                    (whose(brand))
                    main id="main" {
                        ol.legs aria-label="How far the set-up is" {
                            @for (one, label) in Leg::ALL {
                                li.past[one < leg || leg == Leg::Done] aria-current=[(one == leg).then_some("step")] {
                                    (label)
                                    @if one < leg || leg == Leg::Done { span.hidden { ", done" } }
                                }
                            }
                        }
                        h1 data-announce=(title) { (title) }
                        @if let Some((tone, said)) = said { (say(tone, &said)) }
                        (body)
                    }
                    p.hidden id="live" role="status" aria-live="polite" {}
                }
            }
        };
        (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.0).into_response()
    }
}

/// A page with one thing on it.
pub(super) fn card(brand: &Brand, tone: Tone, status: StatusCode, title: &str, text: &str) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(brand, title, Looks::Once))
            body {
                (whose(brand))
                main id="main" { h1 { (title) } (say(tone, text)) }
            }
        }
    };
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.0).into_response()
}

fn say(tone: Tone, text: &str) -> Markup {
    html! { p class=(tone.class()) role="status" { span aria-hidden="true" { (tone.sign()) } " " (text) } }
}

fn whose(brand: &Brand) -> Markup {
    html! {
        header.whose {
            @match assets::logo_path(brand) {
                Some(logo) => { img src=(logo) alt=(brand.name); }
                None => { p { (brand.name) } }
            }
        }
    }
}

fn head(brand: &Brand, title: &str, looks: Looks) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="robots" content="noindex, nofollow";
            @if looks == Looks::Again { noscript { meta http-equiv="refresh" content=(LOOKS_AGAIN); } }
            title { (title) " · " (brand.name) }
            link rel="icon" href="data:,";
            link rel="stylesheet" href=(assets::style_path(brand));
            @for script in assets::script_paths() { script src=(script) defer {} }
        }
    }
}
