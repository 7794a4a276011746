import ArgumentParser
import ControlProtocol

/// `doctor`: everything that can be wrong, and what to do about it.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at everything between you and an adapter, and say what is wrong and what to do.",
        discussion: "Exits with 1 where something is wrong.")

    @OptionGroup var connection: Connection

    func run() async throws {
        let output = Output(json: connection.json)
        let examination = await Examination.make(path: connection.path)
        try output.emit(examination) { report in
            for finding in examination.findings {
                let mark = finding.isWell ? "well " : "ill  "
                if finding.isWell {
                    report.line("\(mark) \(finding.subject): \(finding.finding)")
                } else {
                    report.warning("\(finding.subject): \(finding.finding) \(finding.remedy ?? "")")
                }
            }
        }
        if examination.findings.contains(where: { !$0.isWell }) { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}
