//! What a bench measured: one row a figure, as a table for people or as one JSON list.
//!
//! Not here: measuring.

use serde::Serialize;

/// One figure.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    /// What it was measured beside.
    pub(crate) peer: Option<String>,
    pub(crate) peer_value: Option<f64>,
    /// Ours over the peer's.
    pub(crate) ratio: Option<f64>,
    /// What the value has to keep to, in words.
    pub(crate) bar: Option<String>,
    /// Whether it does; null where there is no bar.
    pub(crate) holds: Option<bool>,
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, peer: None, peer_value: None, ratio: None, bar: None, holds: None }
    }

    /// Beside a peer that was measured in the same run.
    pub(crate) fn beside(self, peer: impl Into<String>, value: f64) -> Self {
        let ratio = (value != 0.0).then(|| self.value / value);
        Self { peer: Some(peer.into()), peer_value: Some(value), ratio, ..self }
    }

    /// Whether there is something to keep to.
    pub(crate) const fn has_bar(&self) -> bool {
        self.bar.is_some()
    }

    /// The value may be this at most.
    pub(crate) fn at_most(self, bar: f64) -> Self {
        let holds = self.value <= bar;
        Self { bar: Some(format!("≤ {bar} {}", self.unit)), holds: Some(holds), ..self }
    }

    /// The value has to be this at least.
    pub(crate) fn at_least(self, bar: f64) -> Self {
        let holds = self.value >= bar;
        Self { bar: Some(format!("≥ {bar} {}", self.unit)), holds: Some(holds), ..self }
    }

    /// The ratio has to be this at least.
    pub(crate) fn ratio_at_least(self, bar: f64) -> Self {
        let holds = self.ratio.is_some_and(|ratio| ratio >= bar);
        Self { bar: Some(format!("≥ {bar} × peer")), holds: Some(holds), ..self }
    }

    /// The ratio may be this at most.
    pub(crate) fn ratio_at_most(self, bar: f64) -> Self {
        let holds = self.ratio.is_some_and(|ratio| ratio <= bar);
        Self { bar: Some(format!("≤ {bar} × peer")), holds: Some(holds), ..self }
    }
}

/// Prints the rows as one JSON list.
pub(crate) fn print_json(rows: &[Row]) -> serde_json::Result<()> {
    println!("{}", serde_json::to_string_pretty(rows)?);
    Ok(())
}

/// How a table is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// For a terminal.
    Plain,
    /// For a document.
    Markdown,
}

/// Prints the rows as a table.
pub(crate) fn print_table(rows: &[Row], look: Look) {
    let figure = |value: f64| if value.abs() < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") };
    let cells = |row: &Row| {
        vec![
            row.name.clone(),
            format!("{} {}", figure(row.value), row.unit),
            row.peer.clone().unwrap_or_default(),
            row.peer_value.map(|value| format!("{} {}", figure(value), row.unit)).unwrap_or_default(),
            row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            row.bar.clone().unwrap_or_default(),
            row.holds.map(|holds| if holds { "yes" } else { "NO" }.to_owned()).unwrap_or_default(),
        ]
    };
    let headers = ["what", "value", "peer", "its value", "ratio", "bar", "holds"];
    print_cells(&headers, &rows.iter().map(cells).collect::<Vec<_>>(), look);
}

/// Prints cells under headers.
pub(crate) fn print_cells(headers: &[&str], rows: &[Vec<String>], look: Look) {
    let mut table = comfy_table::Table::new();
    if look == Look::Markdown {
        table.load_style(comfy_table::presets::ASCII_MARKDOWN);
        table.set_header(headers);
    } else {
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(headers.iter().map(|header| header.to_uppercase()));
    }
    table.add_rows(rows);
    println!("{table}");
}
