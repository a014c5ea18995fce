//! The fence of a lease: `<generation>.<counter>`, strictly growing for each
//! connection, so that whoever holds an older one is refused wherever it shows it.
//!
//! Not a token of authority by itself: the store and the queue compare it with
//! the one they hold.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Orders first by the queue's generation, then by the connection's counter.
///
/// The generation grows whenever the queue was lost and rebuilt, so a counter
/// that starts again at one still makes a greater fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fence {
    /// How often the queue has been built anew.
    pub generation: u32,
    /// How often this connection was leased in that generation.
    pub counter: u32,
}

impl Fence {
    /// One number that orders as the fence does; the store keeps this.
    #[must_use]
    pub fn to_i64(self) -> i64 {
        (i64::from(self.generation) << 32) | i64::from(self.counter)
    }
}

impl std::fmt::Display for Fence {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}", self.generation, self.counter)
    }
}

/// A text that isn't `<generation>.<counter>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fence reads <generation>.<counter>, two whole numbers")]
pub struct MalformedFence;

impl std::str::FromStr for Fence {
    type Err = MalformedFence;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (generation, counter) = text.split_once('.').ok_or(MalformedFence)?;
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten().ok_or(MalformedFence)
        };
        Ok(Self { generation: number(generation)?, counter: number(counter)? })
    }
}

impl Serialize for Fence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Fence;

    fn check(text: &str, expected: Option<(u32, u32)>) {
        let fence = text.parse::<Fence>().ok();
        assert_eq!(fence.map(|fence| (fence.generation, fence.counter)), expected, "{text}");
    }

    #[test]
    fn a_fence_is_read_whole_or_refused() {
        check("1.7", Some((1, 7)));
        check("4294967295.0", Some((u32::MAX, 0)));
        check("1", None);
        check("1.", None);
        check("+1.2", None);
        check("1.2.3", None);
        check("4294967296.1", None);
    }

    #[test]
    fn a_later_generation_beats_any_counter() {
        let (old, new) = (Fence { generation: 1, counter: 900 }, Fence { generation: 2, counter: 1 });
        assert!(new > old);
        assert!(new.to_i64() > old.to_i64());
    }
}
