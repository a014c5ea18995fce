//! The order in which the rows of one day were booked, found from their running balances.
//!
//! Banks sort the rows of a day as they like. A row with a running balance leads from the
//! balance before it to the balance after it, so the rows of a day are the edges of a
//! graph whose nodes are balances, and an order in which they chain is a path that takes
//! each edge once (Euler's; found as Hierholzer does). Where none is, rows are missing,
//! doubled or misread: then as few edges as it takes are made up to join the pieces, and
//! whoever walks the order finds a break at each.
//!
//! Not here: what a break means; days, which `chain` strings together.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

/// A row with its running balance, and those without one that are bridged by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// The balance before.
    pub(super) before: Decimal,
    /// The balance after.
    pub(super) after: Decimal,
}

/// How many ends of pieces are tried for the beginning or end of a day.
const TRIED: usize = 4;

/// The order of the links that leaves the fewest breaks, counting those to the balance
/// that the day has to begin and to end with; the given order where no other has fewer.
pub(super) fn arrange(links: &[Link], start: Option<Decimal>, end: Option<Decimal>) -> Vec<usize> {
    let shown: Vec<usize> = (0..links.len()).collect();
    let mut fewest = breaks(links, &shown, start, end);
    let mut best = shown;
    if fewest == 0 {
        return best;
    }
    let graph = Graph::of(links);
    // A circle begins where it has to end.
    let first = links.first().and_then(|link| graph.nodes.get(&link.before)).copied();
    let ends = graph.choices(end, graph.sinks());
    let mut begins = graph.choices(start, graph.sources());
    if begins.is_empty() {
        begins.extend(ends.first().copied().or(first));
    }
    for from in begins {
        for to in if ends.is_empty() { vec![from] } else { ends.clone() } {
            let order = graph.path(from, to);
            let count = breaks(links, &order, start, end);
            if count < fewest {
                (fewest, best) = (count, order);
            }
        }
    }
    best
}

/// The one balance that the links can begin with, if they say so.
pub(super) enum Start {
    /// This one.
    At(Decimal),
    /// They lead back to where they begin, which may be any of theirs.
    Anywhere,
    /// They don't chain.
    Nowhere,
}

/// What the links begin with.
pub(super) fn start(links: &[Link]) -> Start {
    let graph = Graph::of(links);
    match graph.sources().as_slice() {
        [] => Start::Anywhere,
        [only] => graph.values.get(*only).map_or(Start::Nowhere, |value| Start::At(*value)),
        _ => Start::Nowhere,
    }
}

/// How often the order doesn't go on with the balance that it had come to.
pub(super) fn breaks(links: &[Link], order: &[usize], start: Option<Decimal>, end: Option<Decimal>) -> usize {
    let (mut balance, mut count) = (start, 0);
    for link in order.iter().filter_map(|&index| links.get(index)) {
        count += usize::from(balance.is_some_and(|balance| balance != link.before));
        balance = Some(link.after);
    }
    count + usize::from(end.zip(balance).is_some_and(|(end, balance)| end != balance))
}

struct Graph {
    /// The balances, each once.
    values: Vec<Decimal>,
    nodes: BTreeMap<Decimal, usize>,
    /// From which node to which, a link each.
    edges: Vec<(usize, usize)>,
    /// How many more links begin at a node than end there.
    surplus: Vec<i64>,
}

impl Graph {
    fn of(links: &[Link]) -> Self {
        let mut graph = Self { values: Vec::new(), nodes: BTreeMap::new(), edges: Vec::new(), surplus: Vec::new() };
        for link in links {
            let edge = (graph.node(link.before), graph.node(link.after));
            graph.edges.push(edge);
            change(&mut graph.surplus, edge.0, 1);
            change(&mut graph.surplus, edge.1, -1);
        }
        graph
    }

    fn node(&mut self, value: Decimal) -> usize {
        let fresh = self.values.len();
        let node = *self.nodes.entry(value).or_insert(fresh);
        if node == fresh {
            self.values.push(value);
            self.surplus.push(0);
        }
        node
    }

    /// Where a piece begins, as often as one does, in the given order of links.
    fn sources(&self) -> Vec<usize> {
        times(&self.surplus, self.edges.iter().map(|edge| edge.0))
    }

    /// Where a piece ends, the last first.
    fn sinks(&self) -> Vec<usize> {
        let negated: Vec<i64> = self.surplus.iter().map(|surplus| -surplus).collect();
        times(&negated, self.edges.iter().rev().map(|edge| edge.1))
    }

    /// The nodes that are worth trying: the wanted one, or else some of those given.
    fn choices(&self, wanted: Option<Decimal>, mut given: Vec<usize>) -> Vec<usize> {
        if let Some(node) = wanted.and_then(|wanted| self.nodes.get(&wanted)) {
            return vec![*node];
        }
        given.dedup();
        given.truncate(TRIED);
        given
    }

    /// All links, in an order that begins at a node, ends at another, and jumps where it
    /// has to.
    fn path(&self, from: usize, to: usize) -> Vec<usize> {
        let mut surplus = self.surplus.clone();
        change(&mut surplus, from, -1);
        change(&mut surplus, to, 1);
        let negated: Vec<i64> = surplus.iter().map(|surplus| -surplus).collect();
        let gains = times(&surplus, 0..surplus.len());
        let losses = times(&negated, 0..surplus.len());
        let made_up = losses.into_iter().zip(gains);
        let edges: Vec<(usize, usize)> = self.edges.iter().copied().chain(made_up).collect();

        let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); self.values.len()];
        for (index, edge) in edges.iter().enumerate().rev() {
            if let Some(leaving) = leaving.get_mut(edge.0) {
                leaving.push(index);
            }
        }
        // What the first walk doesn't come by are circles of their own.
        let mut order = Vec::with_capacity(self.edges.len());
        for begin in std::iter::once(from).chain(self.edges.iter().map(|edge| edge.0)) {
            let walk = walk(&edges, &mut leaving, begin);
            order.extend(walk.into_iter().filter(|&index| index < self.edges.len()));
        }
        order
    }
}

/// Takes every edge that can be reached, each once.
fn walk(edges: &[(usize, usize)], leaving: &mut [Vec<usize>], begin: usize) -> Vec<usize> {
    let mut stack: Vec<(usize, Option<usize>)> = vec![(begin, None)];
    let mut order = Vec::new();
    while let Some(&(node, by)) = stack.last() {
        let next = leaving.get_mut(node).and_then(Vec::pop);
        match next.and_then(|index| edges.get(index).map(|edge| (edge.1, Some(index)))) {
            Some(step) => stack.push(step),
            None => {
                stack.pop();
                order.extend(by);
            }
        }
    }
    order.reverse();
    order
}

/// Each node as often as its count says, in the order in which they first come.
fn times(counts: &[i64], nodes: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut left = counts.to_vec();
    let mut found = Vec::new();
    for node in nodes {
        while left.get(node).is_some_and(|count| *count > 0) {
            change(&mut left, node, -1);
            found.push(node);
        }
    }
    found
}

fn change(counts: &mut [i64], node: usize, by: i64) {
    if let Some(count) = counts.get_mut(node) {
        *count += by;
    }
}
