//! The binary `quarrion`.

fn main() -> std::process::ExitCode {
    quarrion::run_command_line()
}
