//! Rules on service times.

use super::super::file::{CoreTypeFile, ProgramsFile, ServicesFile, StageFigure};
use super::super::{Services, Stage, SynapseFormatKind};
use super::figures;
use super::findings::Findings;

/// Service times; a stage that is missing takes no time and is noted as not modelled.
pub(super) fn services(path: &str, file: &CoreTypeFile, found: &mut Findings) -> Services {
    let ServicesFile {
        neuron_inactive,
        neuron_active,
        neuron_spiking,
        instruction,
        axon_out,
        axon_in,
        synapse_word,
        synaptic_op_dense,
        synaptic_op_sparse,
        synaptic_op_kernel,
        synaptic_op_run_length,
        synaptic_update,
        trace_update,
    } = &file.services;
    check_service_kinds(path, file, found);
    let mut missing = Vec::new();
    let mut stage = |name: &'static str, figure: &Option<StageFigure>| match figure {
        Some(figure) => figures::stage(found, &format!("{path}.services.{name}"), figure),
        None => {
            missing.push(name);
            Stage::default()
        }
    };
    let checked = Services {
        neuron_inactive: stage("neuron_inactive", neuron_inactive),
        neuron_active: stage("neuron_active", neuron_active),
        neuron_spiking: stage("neuron_spiking", neuron_spiking),
        instruction: stage("instruction", instruction),
        axon_out: stage("axon_out", axon_out),
        axon_in: stage("axon_in", axon_in),
        synapse_word: stage("synapse_word", synapse_word),
        synaptic_op_dense: stage("synaptic_op_dense", synaptic_op_dense),
        synaptic_op_sparse: stage("synaptic_op_sparse", synaptic_op_sparse),
        synaptic_op_kernel: stage("synaptic_op_kernel", synaptic_op_kernel),
        synaptic_op_run_length: stage("synaptic_op_run_length", synaptic_op_run_length),
        synaptic_update: stage("synaptic_update", synaptic_update),
        trace_update: stage("trace_update", trace_update),
    };
    note_missing(path, file, &missing, found);
    checked
}

/// A fixed core times updates, a programmable core times instructions; never both.
fn check_service_kinds(path: &str, file: &CoreTypeFile, found: &mut Findings) {
    let services = &file.services;
    let updates = [
        ("neuron_inactive", services.neuron_inactive.is_some()),
        ("neuron_active", services.neuron_active.is_some()),
        ("neuron_spiking", services.neuron_spiking.is_some()),
    ];
    let programs = format!("{path}.programs");
    let (wrong, what): (Vec<&str>, &str) = match file.programs {
        ProgramsFile::Fixed(_) => (
            services.instruction.iter().map(|_| "instruction").collect(),
            "a core with fixed programs times whole updates, never instructions",
        ),
        ProgramsFile::Programmable { .. } => (
            updates.iter().filter(|(_, given)| *given).map(|&(name, _)| name).collect(),
            "a programmable core times instructions, never whole updates",
        ),
    };
    for name in wrong {
        let place = format!("{path}.services.{name}");
        let message = format!("`{place}` is given, but {what}");
        found.clash("QC055", (&place, &programs), message, format!("drop `{name}`"));
    }
}

/// Says once which stages of a core take no time because the file gives none.
fn note_missing(path: &str, file: &CoreTypeFile, missing: &[&str], found: &mut Findings) {
    let fixed = matches!(file.programs, ProgramsFile::Fixed(_));
    let has = |kind| file.formats.iter().any(|format| format.kind == kind);
    let applies = |name: &str| match name {
        "instruction" => !fixed,
        "neuron_inactive" | "neuron_active" | "neuron_spiking" => fixed,
        "synaptic_op_dense" => has(SynapseFormatKind::Dense),
        "synaptic_op_sparse" => has(SynapseFormatKind::Sparse),
        "synaptic_op_kernel" => has(SynapseFormatKind::Kernel),
        "synaptic_op_run_length" => has(SynapseFormatKind::RunLength),
        "synaptic_update" | "trace_update" => file.learning.is_some(),
        _ => true,
    };
    let missing: Vec<&str> = missing.iter().copied().filter(|name| applies(name)).collect();
    if !missing.is_empty() {
        let place = format!("{path}.services");
        let message = format!("time not modelled in `{path}`: {}", missing.join(", "));
        found.note("QC091", &place, message);
    }
}
