//! An authenticator that the coordinator has the secret of (RFC 6238): it answers for the
//! device that a bank would have a person look at.
//!
//! A code goes to a bank once, whichever connections share the secret, and none does that may
//! be over before it gets there.
//!
//! Not here: whether a code is right. Where the bank refuses one a person is asked, and after
//! two nobody tries the secret again.

use domain::challenge::AnswerSource;
use domain::id::{ConnectionId, OrganizationId};
use domain::secret::Secret;
use hmac::Mac as _;
use jiff::Timestamp;
use totp_rs::{Algorithm, Builder, Totp};
use url::Url;
use zeroize::Zeroizing;

use super::{Error, Fleet};
use crate::clock;
use crate::store::Challenge;
use crate::vault::mac;

/// How long a code has to be good for when it is given, in seconds: it is still to be typed.
const STILL_GOOD: i64 = 5;

/// The fewest bytes of a secret: some banks' are shorter than the 16 that RFC 4226 wants.
const FEWEST_BYTES: usize = 10;

/// The longest text that a secret is given as.
const LONGEST: usize = 1024;

/// How long a code may be shown for, in seconds.
const PERIODS: std::ops::RangeInclusive<u64> = 15..=120;

/// How many digits a code may have.
const DIGITS: std::ops::RangeInclusive<u8> = 6..=8;

/// A device's secret, and how it makes codes of it.
pub(super) struct Authenticator {
    totp: Totp,
    secret: Zeroizing<Vec<u8>>,
}

/// Whether a challenge was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answering {
    /// It was, if not by this then by a person.
    Done,
    /// The next code is waited for.
    Later,
}

impl Authenticator {
    /// Reads what a bank shows: letters and digits of base 32, however they are grouped, or the
    /// `otpauth://totp/…` address that is in its picture. What is wrong is said without the text.
    pub(super) fn read(text: &Secret) -> Result<Self, &'static str> {
        let text = text.expose().trim();
        if text.len() > LONGEST {
            return Err("it has more than 1,024 characters");
        }
        let (mut algorithm, mut digits, mut period) = (Algorithm::SHA1, 6, 30);
        let mut letters = None;
        if text.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("otpauth:")) {
            let url = Url::parse(text).map_err(|_| "the address can't be read")?;
            if url.host_str() != Some("totp") {
                return Err("only codes by the clock can be answered with: `otpauth://totp/…`");
            }
            for (key, value) in url.query_pairs() {
                match key.as_ref() {
                    "secret" => letters = Some(Zeroizing::new(value.into_owned())),
                    "algorithm" => {
                        algorithm = match value.to_ascii_uppercase().as_str() {
                            "SHA1" => Algorithm::SHA1,
                            "SHA256" => Algorithm::SHA256,
                            "SHA512" => Algorithm::SHA512,
                            _ => return Err("`algorithm` is SHA1, SHA256 or SHA512"),
                        }
                    }
                    "digits" => {
                        let given = value.parse().ok().filter(|digits| DIGITS.contains(digits));
                        digits = given.ok_or("`digits` is 6, 7 or 8")?;
                    }
                    "period" => {
                        let given = value.parse().ok().filter(|period| PERIODS.contains(period));
                        period = given.ok_or("`period` is 15 to 120 seconds")?;
                    }
                    _ => {}
                }
            }
        } else {
            letters = Some(Zeroizing::new(text.to_owned()));
        }
        let letters = letters.ok_or("the address has no `secret`")?;
        let is_between = |letter: &char| letter.is_ascii_whitespace() || matches!(letter, '-' | '=');
        let letters: Zeroizing<String> =
            Zeroizing::new(letters.chars().filter(|letter| !is_between(letter)).collect::<String>().to_uppercase());
        let secret = totp_rs::Secret::try_from_base32(letters.as_str());
        let secret = secret.map_err(|_| "a secret is letters from A to Z and digits from 2 to 7")?;
        let bytes = Zeroizing::new(secret.as_bytes().to_vec());
        if bytes.len() < FEWEST_BYTES {
            return Err("a secret has at least 16 letters and digits");
        }
        let totp = Builder::new().with_algorithm(algorithm).with_digits(digits).with_step_duration(period);
        Ok(Self { totp: totp.with_secret(secret).build_noncompliant(), secret: bytes })
    }

    /// The code that is shown at `now`.
    fn code(&self, now: i64) -> Secret {
        Secret::new(self.totp.generate(seconds(now)).to_string())
    }

    /// When the code goes that is shown at `now`.
    fn good_until(&self, now: i64) -> i64 {
        i64::try_from(self.totp.next_step(seconds(now))).unwrap_or(i64::MAX)
    }
}

fn seconds(now: i64) -> u64 {
    u64::try_from(now).unwrap_or_default()
}

/// What a secret is sealed for.
pub(super) fn seal_context(id: ConnectionId) -> String {
    format!("authenticator of connection {id}")
}

impl Fleet {
    /// Keeps the secret of a connection's authenticator, in place of the one before.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text that is none; refused where no credentials are taken.
    pub(super) async fn give_authenticator(
        &self,
        owner: OrganizationId,
        id: ConnectionId,
        secret: &Secret,
    ) -> Result<(), Error> {
        let read = Authenticator::read(secret);
        read.map_err(|reason| Error::Invalid { field: "/totpSecret", reason: reason.into() })?;
        let sealed = self.sealer.seal(owner, &seal_context(id), secret).await?;
        Ok(self.store.give_authenticator(owner, id, sealed, clock::now()).await?)
    }

    /// The authenticator that answers a challenge; none where only a person does.
    pub(super) async fn authenticator_for(&self, challenge: &Challenge) -> Result<Option<Authenticator>, Error> {
        if !challenge.may_answer.contains(&AnswerSource::Totp) {
            return Ok(None);
        }
        let Some(sealed) = self.store.authenticator(challenge.connection_id).await? else { return Ok(None) };
        let context = seal_context(challenge.connection_id);
        let secret = self.sealer.open(challenge.organization_id, &context, &sealed).await?;
        Authenticator::read(&secret).map(Some).map_err(|_| crate::vault::VaultError::Unopenable.into())
    }

    /// Answers a challenge, unless the code that shows now was used or is about to go: then the
    /// next one does.
    pub(super) async fn answer_by(
        &self,
        authenticator: &Authenticator,
        challenge: &Challenge,
        now: Timestamp,
    ) -> Result<Answering, Error> {
        let Some(code) = self.use_code(authenticator, now).await? else { return Ok(Answering::Later) };
        self.answer_by_itself(challenge, &code, AnswerSource::Totp).await?;
        Ok(Answering::Done)
    }

    /// The code that shows now, which nobody gets again; none where it was used or is about to go.
    pub(super) async fn use_code(
        &self,
        authenticator: &Authenticator,
        now: Timestamp,
    ) -> Result<Option<Secret>, Error> {
        let seconds = now.as_second();
        let until = authenticator.good_until(seconds);
        if until - seconds < STILL_GOOD {
            return Ok(None);
        }
        let mut fingerprint = mac(&self.vault.derived_key("fingerprints of authenticators"));
        fingerprint.update(&authenticator.secret);
        let fingerprint: [u8; 32] = fingerprint.finalize().into_bytes().into();
        // First the use, then the answer: a coordinator that ends in between loses a code, and
        // none is given twice.
        let is_ours = self.store.use_authenticator(fingerprint, until).await?;
        Ok(is_ours.then(|| authenticator.code(seconds)))
    }
}

#[cfg(test)]
mod tests {
    use super::Authenticator;
    use domain::secret::Secret;

    fn read(text: &str) -> Result<Authenticator, &'static str> {
        Authenticator::read(&Secret::new(text.into()))
    }

    /// The table of RFC 6238, appendix B.
    #[test]
    fn codes_are_those_of_the_standards_own_table() {
        let sha1 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let sha256 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA";
        let sha512 =
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA";
        for (now, codes) in [
            (59, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, ["69279037", "90698825", "38618901"]),
            (20_000_000_000, ["65353130", "77737706", "47863826"]),
        ] {
            for ((algorithm, secret), code) in
                [("SHA1", sha1), ("SHA256", sha256), ("SHA512", sha512)].iter().zip(codes)
            {
                let url = format!("otpauth://totp/Bank:user?secret={secret}&algorithm={algorithm}&digits=8");
                assert_eq!(read(&url).expect("a secret").code(now).expose(), code, "{algorithm} at {now}");
            }
        }
    }

    #[test]
    fn the_same_secret_is_read_however_it_is_shown() {
        for text in [
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
            " gezd gnbv gy3t qojq gezd gnbv gy3t qojq\n",
            "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ====",
            "otpauth://totp/Threshold:bursar.4f2a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Threshold",
            "OTPAUTH://totp/x?secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq&period=30&digits=6",
        ] {
            let read = read(text).expect(text);
            assert_eq!(read.secret.as_slice(), b"12345678901234567890", "{text}");
            assert_eq!((read.code(59).expose(), read.good_until(59)), ("287082", 60), "{text}");
        }
    }

    #[test]
    fn what_makes_no_codes_by_the_clock_is_refused_without_saying_it_again() {
        for (text, reason) in [
            ("", "at least 16"),
            ("GEZDGNBV", "at least 16"),
            ("not a secret 0189", "from 2 to 7"),
            ("otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=1", "by the clock"),
            ("otpauth://totp/x?issuer=Bank", "no `secret`"),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=10", "`digits`"),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&period=0", "`period`"),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=MD5", "`algorithm`"),
        ] {
            let refused = read(text).err().expect(text);
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }
}
