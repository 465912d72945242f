//! Reads NIR files (HDF5, written by the `nir` package 0.1 to 1.0.8) from bytes.
//!
//! Every node type is read, subgraphs are flattened, and the result is checked: see
//! [`NirGraph`]. The file is not trusted: sizes, nesting and counts are bounded before memory is
//! asked for.

use std::collections::{BTreeMap, BTreeSet};

use quarrion_isa::diagnostic::Diagnostic;

use super::archive::{Archive, Folder, Value, Wording};
use super::graph::{NirGraph, NirNode, NodeKind};
use super::node::{FileNode, parse_node};
use super::parameter::Parameters;
use super::shape::{NamedNode, infer_shapes};

/// How deep graphs may be nested.
const MAX_DEPTH: usize = 16;
/// How many nodes a graph may have.
const MAX_NODES: usize = 1 << 16;

const WORDING: Wording = Wording {
    file: "a NIR file",
    export: "export with nir.write()",
    rewrite: "read the network in its framework and write it again with nir.write()",
    complete: "write the file again with nir.write(); node names must not contain `/`",
};

/// Reads and checks a NIR file that the user knows as `source`.
///
/// # Errors
/// Everything that is wrong with the file, each with its place inside the file and a way out.
pub fn read_nir(bytes: &[u8], source: &str) -> Result<NirGraph, Vec<Diagnostic>> {
    let archive = Archive::new(source, bytes.len(), WORDING);
    let mut reader = Reader { nodes: Vec::new(), edges: BTreeSet::new(), warnings: Vec::new() };
    let version = reader.read_root(&archive, bytes).map_err(|error| vec![error])?;
    let Reader { nodes, edges, mut warnings } = reader;
    if nodes.is_empty() {
        return Err(vec![
            Diagnostic::error("QN010", "the network has no nodes")
                .at(source, "/node/nodes", "empty")
                .help("export a model that has layers"),
        ]);
    }
    let edges: Vec<(usize, usize)> = edges.into_iter().collect();
    check_inputs(&nodes, &edges, source)?;
    let nodes = infer_shapes(nodes, &edges, source, &mut warnings)?;
    let mut graph = NirGraph { version, nodes, edges, warnings };
    add_ports(&mut graph, source);
    Ok(graph)
}

struct Reader {
    nodes: Vec<NamedNode>,
    edges: BTreeSet<(usize, usize)>,
    warnings: Vec<Diagnostic>,
}

/// Where edges into and out of a named node attach.
struct Attachment {
    path: String,
    entries: Vec<usize>,
    exits: Vec<usize>,
}

impl Reader {
    fn read_root<'a>(
        &mut self,
        archive: &'a Archive<'a>,
        bytes: &[u8],
    ) -> Result<Option<String>, Diagnostic> {
        let root = archive.open(bytes)?;
        let listing = root.list()?;
        if !listing.folders.iter().any(|name| name == "node") {
            return Err(Diagnostic::error(
                "QN005",
                "an HDF5 file without `/node` is not a NIR file",
            )
            .at(archive.source(), "/", "holds no group `node`")
            .help("export with nir.write()"));
        }
        let version = match listing.datasets.iter().any(|name| name == "version") {
            false => None,
            true => match root.value("version")? {
                Value::Texts(mut texts) if texts.len() == 1 => Some(texts.swap_remove(0)),
                _ => None,
            },
        };
        let node = root.folder("node")?;
        let parameters = Parameters::of(&node)?;
        match parameters.node_type()?.as_str() {
            "NIRGraph" => {
                self.read_graph(&node, "", 1)?;
            }
            node_type => self.push("node".into(), &parameters, node_type)?,
        }
        Ok(version)
    }

    fn push(
        &mut self,
        name: String,
        parameters: &Parameters<'_, '_>,
        node_type: &str,
    ) -> Result<(), Diagnostic> {
        if self.nodes.len() == MAX_NODES {
            return Err(Diagnostic::error("QN004", format!("more than {MAX_NODES} nodes"))
                .at(parameters.source(), parameters.path(), "one too many")
                .help("split the network"));
        }
        let node = parse_node(node_type, parameters)?;
        self.nodes.push(NamedNode { name, path: parameters.path().to_owned(), node });
        Ok(())
    }

    /// Reads a graph; names get `prefix`, and the graph's own ports are handed back.
    fn read_graph(
        &mut self,
        folder: &Folder<'_>,
        prefix: &str,
        depth: usize,
    ) -> Result<Attachment, Diagnostic> {
        let source = folder.archive().source();
        if depth > MAX_DEPTH {
            return Err(Diagnostic::error("QN004", format!("graphs nest deeper than {MAX_DEPTH}"))
                .at(source, folder.path(), "too deep")
                .help("flatten the network before exporting it"));
        }
        let listing = folder.list()?;
        if !listing.folders.iter().any(|name| name == "nodes") {
            return Err(Diagnostic::error("QN005", "a graph lacks the group `nodes`")
                .at(source, folder.path(), "this graph")
                .help("write the file again with nir.write()"));
        }
        let inner = folder.folder("nodes")?;
        let mut names = inner.list()?.folders;
        names.sort_unstable();
        let mut attachments = BTreeMap::new();
        let mut ports =
            Attachment { path: folder.path().to_owned(), entries: vec![], exits: vec![] };
        for name in names {
            let node = inner.folder(&name)?;
            let parameters = Parameters::of(&node)?;
            let full_name = format!("{prefix}{name}");
            let node_type = parameters.node_type()?;
            let at = self.nodes.len();
            let attachment = if node_type == "NIRGraph" {
                self.read_graph(&node, &format!("{full_name}/"), depth + 1)?
            } else {
                self.push(full_name, &parameters, &node_type)?;
                match node_type.as_str() {
                    "Input" => ports.entries.push(at),
                    "Output" => ports.exits.push(at),
                    _ => {}
                }
                let path = parameters.path().to_owned();
                Attachment { path, entries: vec![at], exits: vec![at] }
            };
            attachments.insert(name, attachment);
        }
        self.read_edges(folder, &attachments)?;
        if depth > 1 {
            // Inside another graph a port is only a place that signals pass.
            for &port in ports.entries.iter().chain(&ports.exits) {
                if let FileNode::Fixed { kind, .. } = &mut self.nodes[port].node {
                    *kind = NodeKind::Wire;
                }
            }
        }
        Ok(ports)
    }

    fn read_edges(
        &mut self,
        folder: &Folder<'_>,
        attachments: &BTreeMap<String, Attachment>,
    ) -> Result<(), Diagnostic> {
        let source = folder.archive().source();
        let path = folder.path_of("edges");
        let parameters = Parameters::of(folder)?;
        let names = match parameters.value("edges")? {
            Value::Texts(names) if names.len().is_multiple_of(2) => names,
            // A graph without edges stores an empty array of numbers.
            Value::Numbers(numbers) if numbers.values.is_empty() => Vec::new(),
            _ => return Err(parameters.wrong_kind("edges", "pairs of node names")),
        };
        for pair in names.chunks_exact(2) {
            let find = |name: &String| {
                attachments.get(name).ok_or_else(|| {
                    let known: Vec<&str> =
                        attachments.keys().take(20).map(String::as_str).collect();
                    Diagnostic::error(
                        "QN011",
                        format!(
                            "the edge `{}` -> `{}` names the node `{name}`, which does not exist",
                            pair[0], pair[1]
                        ),
                    )
                    .at(source, &path, format!("nodes of this graph: {}", known.join(", ")))
                    .help("correct the edge or add the node, then export again")
                })
            };
            let from = one_port(&find(&pair[0])?.exits, "Output", &find(&pair[0])?.path, source)?;
            let to = one_port(&find(&pair[1])?.entries, "Input", &find(&pair[1])?.path, source)?;
            if !self.edges.insert((from, to)) {
                self.warnings.push(
                    Diagnostic::warning(
                        "QN012",
                        format!("the edge `{}` -> `{}` is listed twice", pair[0], pair[1]),
                    )
                    .at(source, &path, "counted once")
                    .help("remove the second; to double a signal, double the weights"),
                );
            }
        }
        Ok(())
    }
}

/// The only port of a subgraph on one side.
fn one_port(ports: &[usize], kind: &str, path: &str, source: &str) -> Result<usize, Diagnostic> {
    match ports {
        [port] => Ok(*port),
        _ => Err(Diagnostic::error(
            "QN017",
            format!("an edge needs a subgraph with one {kind}, and this one has {}", ports.len()),
        )
        .at(source, path, "this subgraph")
        .help("flatten the network before exporting it")),
    }
}

/// Refuses edges into an Input.
fn check_inputs(
    nodes: &[NamedNode],
    edges: &[(usize, usize)],
    source: &str,
) -> Result<(), Vec<Diagnostic>> {
    let is_input =
        |node: &NamedNode| matches!(node.node, FileNode::Fixed { kind: NodeKind::Input, .. });
    let errors: Vec<Diagnostic> = edges
        .iter()
        .filter(|edge| is_input(&nodes[edge.1]))
        .map(|&(from, to)| {
            let message = format!("nothing may feed an Input, but `{}` does", nodes[from].name);
            Diagnostic::error("QN018", message)
                .at(source, &nodes[to].path, "this Input")
                .help("remove the edge")
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Adds an Input before and an Output behind loose ends of a graph that has none at all.
fn add_ports(graph: &mut NirGraph, source: &str) {
    let has = |wanted: fn(&NodeKind) -> bool| graph.nodes.iter().any(|node| wanted(&node.kind));
    let has_input = has(|kind| matches!(kind, NodeKind::Input));
    let has_output = has(|kind| matches!(kind, NodeKind::Output));
    let fed: BTreeSet<usize> = graph.edges.iter().map(|edge| edge.1).collect();
    let read: BTreeSet<usize> = graph.edges.iter().map(|edge| edge.0).collect();
    let mut names: BTreeSet<String> = graph.nodes.iter().map(|node| node.name.clone()).collect();
    let count = graph.nodes.len();
    for node in (0..count).filter(|node| !has_input && !fed.contains(node)) {
        let port = add_port(graph, &mut names, NodeKind::Input, node, source);
        graph.edges.push((port, node));
    }
    for node in (0..count).filter(|node| !has_output && !read.contains(node)) {
        let port = add_port(graph, &mut names, NodeKind::Output, node, source);
        graph.edges.push((node, port));
    }
    graph.edges.sort_unstable();
}

/// Adds a port of the shape of the loose end `beside` under a name that is still free.
fn add_port(
    graph: &mut NirGraph,
    names: &mut BTreeSet<String>,
    kind: NodeKind,
    beside: usize,
    source: &str,
) -> usize {
    let beside = &graph.nodes[beside];
    let (stem, shape) = match kind {
        NodeKind::Input => ("input", beside.input_shape.clone()),
        _ => ("output", beside.output_shape.clone()),
    };
    let mut name = format!("{stem}_{}", beside.name);
    while !names.insert(name.clone()) {
        name.push('_');
    }
    let path = format!("/node/nodes/{}", beside.name);
    graph.warnings.push(
        Diagnostic::warning("QN033", format!("the graph has no {stem}, so `{name}` was added"))
            .at(source, &path, format!("at this loose end: {shape:?}"))
            .help("add Input and Output nodes when exporting"),
    );
    graph.nodes.push(NirNode { name, kind, input_shape: shape.clone(), output_shape: shape });
    graph.nodes.len() - 1
}
