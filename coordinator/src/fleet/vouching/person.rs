//! Who somebody is for whom a provider vouches, and as what the settings have them come in.
//!
//! Not here: asking the provider.

use domain::role::Role;
use domain::sign_in;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::VouchError;
use crate::config;
use crate::fleet::people::LONGEST_NAME;

/// Somebody for whom a provider vouches.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// The provider's and its own name for them, by which they are known again.
    pub(super) vouched_as: String,
    pub(super) login: String,
    pub(super) display_name: String,
    pub(super) role: Role,
    /// The organization's slug that they see alone.
    pub(super) organization: Option<String>,
}

/// Who it is, and as what the settings have them come in.
pub(super) fn person(settings: &config::Oidc, said: &Map<String, Value>) -> Result<Person, VouchError> {
    let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let subject = text("sub").ok_or_else(|| VouchError::Unusable("it names nobody".into()))?;
    let vouched_as = format!("{} {subject}", settings.issuer);
    let groups = all_of(said.get(&settings.roles_claim));
    let has = |wanted: &[String]| groups.iter().any(|group| wanted.contains(group));
    let role = if has(&settings.administrators) {
        Role::Administrator
    } else if has(&settings.operators) {
        Role::Operator
    } else if has(&settings.viewers) {
        Role::Viewer
    } else {
        return Err(VouchError::NoRole);
    };
    let organization = match settings.organization_claim.as_str() {
        "" => None,
        claim => Some(text(claim).ok_or(VouchError::NoRole)?.to_owned()),
    };
    let named = [text("preferred_username"), text("email"), Some(subject)];
    let fitting = named.into_iter().flatten().find_map(|name| sign_in::login(name).ok());
    let login = fitting.unwrap_or_else(|| format!("person-{}", tail(&vouched_as)));
    let shown = text("name").unwrap_or(&login);
    let display_name = shown.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect();
    Ok(Person { vouched_as, login, display_name, role, organization })
}

/// The texts of a claim, which may be one or a list.
fn all_of(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// What tells somebody apart from another of the same name.
pub(super) fn tail(vouched_as: &str) -> String {
    Sha256::digest(vouched_as.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use domain::role::Role;
    use domain::secret::Secret;
    use serde_json::{Map, Value, json};

    use super::person;
    use crate::config::Oidc;
    use crate::fleet::VouchError;

    fn settings() -> Oidc {
        Oidc {
            issuer: "https://login.example".into(),
            client_id: "bursar".into(),
            client_secret: Secret::new(String::new()),
            name: "single sign-on".into(),
            scopes: String::new(),
            roles_claim: "groups".into(),
            administrators: vec!["bursar-admins".into()],
            operators: Vec::new(),
            viewers: vec!["staff".into()],
            organization_claim: String::new(),
        }
    }

    fn said(claims: Value) -> Map<String, Value> {
        let Value::Object(object) = claims else { unreachable!("an object") };
        object
    }

    #[test]
    fn somebody_has_the_highest_role_that_a_group_of_theirs_gives() {
        let check = |groups: Value, expected: Option<Role>| {
            let found = person(&settings(), &said(json!({ "sub": "1", "groups": groups })));
            assert_eq!(found.ok().map(|person| person.role), expected);
        };
        check(json!(["staff", "bursar-admins"]), Some(Role::Administrator));
        check(json!(["staff"]), Some(Role::Viewer));
        check(json!("staff"), Some(Role::Viewer));
        for none in [json!([]), json!(["Staff", "others"]), json!({ "staff": true }), Value::Null] {
            check(none, None);
        }
    }

    #[test]
    fn nobody_has_a_role_of_an_organization_that_isnt_named() {
        let settings = Oidc { organization_claim: "tenant".into(), ..settings() };
        let named = person(&settings, &said(json!({ "sub": "1", "groups": "staff", "tenant": "acme" })));
        assert_eq!(named.ok().and_then(|person| person.organization).as_deref(), Some("acme"));
        let unnamed = person(&settings, &said(json!({ "sub": "1", "groups": "staff", "tenant": "" })));
        assert!(matches!(unnamed, Err(VouchError::NoRole)));
    }

    #[test]
    fn a_name_that_cant_be_typed_gives_way_to_the_next_and_control_characters_to_nothing() {
        let claims = json!({
            "sub": "8f3a", "groups": "staff", "preferred_username": "ada lovelace", "email": "Ada@Example.com",
            "name": "Ada\u{7} Lovelace",
        });
        let found = person(&settings(), &said(claims)).expect("a person");
        assert_eq!((found.login.as_str(), found.display_name.as_str()), ("ada@example.com", "Ada Lovelace"));
        assert_eq!(found.vouched_as, "https://login.example 8f3a");
    }
}
