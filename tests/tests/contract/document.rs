//! The document, as a list of calls.
//!
//! Not here: sending them (`calls`).

use std::collections::BTreeMap;

use serde_json::Value;

/// One call that the document describes.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) method: reqwest::Method,
    /// With parameters in braces.
    pub(crate) path: String,
    /// The one scope that it needs.
    pub(crate) scope: String,
    /// The example of its body, null where it takes none.
    pub(crate) body: Value,
    /// Its query parameters, with their schemas.
    pub(crate) query: BTreeMap<String, Value>,
}

impl Call {
    /// The parameters of its path.
    pub(crate) fn places(&self) -> Vec<String> {
        let named = |part: &str| part.split_once('}').map(|(name, _)| name.to_owned());
        self.path.split('{').skip(1).filter_map(named).collect()
    }

    pub(crate) fn is_list(&self) -> bool {
        self.query.contains_key("cursor")
    }

    /// Its path with every parameter filled.
    pub(crate) fn filled(&self, value: impl Fn(&str) -> String) -> String {
        let mut path = self.path.clone();
        for place in self.places() {
            path = path.replace(&format!("{{{place}}}"), &value(&place));
        }
        path
    }
}

/// Every call of a document, in its order.
pub(crate) fn calls(document: &Value) -> Vec<Call> {
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let scopes = operation["security"][0]["key"].as_array().expect("a scope for each call");
            assert_eq!(scopes.len(), 1, "{method} {path} needs one scope");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let query = parameters.iter().filter(|parameter| parameter["in"] == "query");
            let named = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
            calls.push(Call {
                operation: operation["operationId"].as_str().expect("an operationId").to_owned(),
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                scope: scopes[0].as_str().expect("a scope").to_owned(),
                body: example(document, &operation["requestBody"]),
                query: query.map(|parameter| (named(parameter), parameter["schema"].clone())).collect(),
            });
        }
    }
    calls
}

/// The example of a body; every body has one.
fn example(document: &Value, body: &Value) -> Value {
    let schema = &body["content"]["application/json"]["schema"];
    let Some(reference) = schema["$ref"].as_str() else {
        assert!(body.is_null(), "a body has a schema of its own: {body}");
        return Value::Null;
    };
    let pointer = reference.trim_start_matches('#');
    let schema = document.pointer(pointer).expect("the schema");
    assert!(schema["example"].is_object(), "{reference} has no example");
    schema["example"].clone()
}
