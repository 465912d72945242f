//! Paths into a tree: names and positions with dots between them.

use super::{Node, Origin, Value};

/// One step of a path.
pub(crate) type Step = String;

/// The steps of `mesh.links.tile` or `core_types.neuro.weights.widths[2]`.
///
/// Returns `None` for an empty step or a bracket that does not close.
pub(crate) fn parse_path(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        steps.push(name.trim().to_owned());
        while let Some(inner) = rest.strip_prefix('[') {
            let (position, after) = inner.split_once(']')?;
            steps.push(position.trim().to_owned());
            rest = after;
        }
        if !rest.is_empty() {
            return None;
        }
    }
    let sound = steps.iter().all(|step| !step.is_empty());
    sound.then_some(steps)
}

impl Node {
    /// The list or group of fields inside `Name([…])` and `Some(…)`: such brackets are no step.
    pub(crate) fn inner(&self) -> &Node {
        match &self.value {
            Value::Tuple(Some(_), items) if items.len() == 1 && items[0].is_group() => &items[0],
            _ => self,
        }
    }

    /// The list or group of fields inside `Name([…])` and `Some(…)`, to change.
    pub(crate) fn inner_mut(&mut self) -> &mut Node {
        if std::ptr::eq(self.inner(), self) {
            return self;
        }
        match &mut self.value {
            Value::Tuple(_, items) => &mut items[0],
            _ => unreachable!("only a tuple has an inner value of its own"),
        }
    }

    /// Whether the value holds others.
    fn is_group(&self) -> bool {
        matches!(self.value, Value::List(_) | Value::Record(..) | Value::Map(_) | Value::Tuple(..))
    }

    /// The value one step down.
    pub(crate) fn step(&self, step: &str) -> Option<&Node> {
        let node = self.inner();
        node.field(step).or_else(|| node.items().get(step.parse::<usize>().ok()?))
    }

    /// The value one step down, to change.
    pub(crate) fn step_mut(&mut self, step: &str) -> Option<&mut Node> {
        match &mut self.inner_mut().value {
            Value::Record(_, fields) | Value::Map(fields) => {
                fields.iter_mut().find(|field| field.key == step).map(|field| &mut field.node)
            }
            Value::List(items) | Value::Tuple(_, items) => {
                items.get_mut(step.parse::<usize>().ok()?)
            }
            _ => None,
        }
    }

    /// The value at the path.
    pub(crate) fn at(&self, path: &[Step]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| node.step(step))
    }

    /// The value at the path, to change.
    pub(crate) fn at_mut(&mut self, path: &[Step]) -> Option<&mut Node> {
        path.iter().try_fold(self, |node, step| node.step_mut(step))
    }

    /// The value at the path, or the innermost one around it, with its name's place if it has one.
    pub(crate) fn nearest(&self, path: &str) -> (&Node, Option<Origin>) {
        let steps = parse_path(path).unwrap_or_default();
        let (mut node, mut name) = (self, None);
        for step in &steps {
            let Some(inner) = node.step(step) else { break };
            let fields = node.inner().fields();
            name = fields.iter().find(|field| field.key == *step).map(|field| field.key_origin);
            node = inner;
        }
        (node, name)
    }

    /// Calls `visit` with the path of every value that holds no other, and of every named choice
    /// before what it holds, in the order of the file.
    pub(crate) fn visit_leaves<'a>(&'a self, visit: &mut impl FnMut(&str, &'a Node)) {
        self.visit_from(&mut String::new(), visit);
    }

    /// Visits leaves below `path`.
    fn visit_from<'a>(&'a self, path: &mut String, visit: &mut impl FnMut(&str, &'a Node)) {
        let length = path.len();
        if let Value::Tuple(Some(_), _) | Value::Record(Some(_), _) = &self.value {
            visit(path, self);
        }
        let mut below = |path: &mut String, step: &str, node: &'a Node| {
            if length > 0 {
                path.push('.');
            }
            path.push_str(step);
            node.visit_from(path, visit);
            path.truncate(length);
        };
        match &self.inner().value {
            Value::Record(_, fields) | Value::Map(fields) => {
                for field in fields {
                    below(path, &field.key, &field.node);
                }
            }
            Value::List(items) | Value::Tuple(_, items) => {
                for (position, item) in items.iter().enumerate() {
                    below(path, &position.to_string(), item);
                }
            }
            Value::Number(_) | Value::Text(_) | Value::Flag(_) | Value::Name(_) => {
                visit(path, self);
            }
        }
    }
}
