//! What came of it as figures: one row each, as a table for people or as one JSON list of the
//! same form as the benches' rows.
//!
//! Not here: looking.

use serde_json::{Value, json};

/// One figure.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was counted.
    pub name: String,
    /// How many, or how long.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    bar: Option<Bar>,
}

#[derive(Clone, Copy, Debug)]
enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

impl Row {
    /// A figure that is merely told.
    #[must_use]
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, bar: None }
    }

    /// A count that is merely told.
    #[must_use]
    pub fn count(name: impl Into<String>, count: usize, unit: &'static str) -> Self {
        Self::new(name, f64::from(u32::try_from(count).unwrap_or(u32::MAX)), unit)
    }

    /// It may be this at most.
    #[must_use]
    pub fn at_most(self, bar: f64) -> Self {
        Self { bar: Some(Bar::AtMost(bar)), ..self }
    }

    /// It has to be this at least.
    #[must_use]
    pub fn at_least(self, bar: f64) -> Self {
        Self { bar: Some(Bar::AtLeast(bar)), ..self }
    }

    /// Whether it keeps to its bar; none where it has none.
    #[must_use]
    pub fn holds(&self) -> Option<bool> {
        self.bar.map(|bar| match bar {
            Bar::AtMost(most) => self.value <= most,
            Bar::AtLeast(least) => self.value >= least,
        })
    }

    fn bar_text(&self) -> Option<String> {
        self.bar.map(|bar| match bar {
            Bar::AtMost(most) => format!("≤ {most} {}", self.unit).trim_end().to_owned(),
            Bar::AtLeast(least) => format!("≥ {least} {}", self.unit).trim_end().to_owned(),
        })
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name, "value": self.value, "unit": self.unit, "peer": null, "peerValue": null,
            "ratio": null, "bar": self.bar_text(), "holds": self.holds(),
        })
    }
}

/// The rows as one JSON list.
#[must_use]
pub fn json_of(rows: &[Row]) -> Value {
    rows.iter().map(Row::json).collect()
}

/// The rows as a table.
#[must_use]
pub fn table_of(rows: &[Row]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN).set_header(["what", "value", "bar", "holds"]);
    for row in rows {
        let holds = row.holds().map(|holds| if holds { "yes" } else { "NO" });
        table.add_row([
            row.name.clone(),
            format!("{} {}", row.value, row.unit).trim_end().to_owned(),
            row.bar_text().unwrap_or_default(),
            holds.unwrap_or_default().to_owned(),
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::{Row, json_of, table_of};

    #[test]
    fn rows_are_told_as_those_of_benches_are() {
        let rows = [Row::count("leaks", 1, "").at_most(0.0), Row::count("runs", 3, "runs").at_least(1.0)];
        let json = json_of(&rows);
        assert_eq!((&json[0]["holds"], &json[1]["holds"]), (&false.into(), &true.into()));
        assert_eq!((&json[0]["bar"], json[0]["value"].as_f64()), (&"≤ 0".into(), Some(1.0)));
        assert_eq!(json[0].as_object().map(serde_json::Map::len), Some(8));
        assert!(table_of(&rows).contains("NO"));
        assert_eq!(Row::count("faults", 2, "").holds(), None);
    }
}
