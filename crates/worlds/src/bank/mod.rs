//! The bank's side: the true rows of its accounts, how each of them is shown over time, and
//! what its portal makes of that on a day.
//!
//! Not here: which banks there are (`worlds`), or what becomes of their rows (`play`).

pub(crate) mod books;
pub(crate) mod life;
pub(crate) mod portal;
