/// The systemd unit of the daemon's socket, as the service manager describes it.
struct SocketUnit: Sendable, Hashable {
    static let name = "sglorad.socket"

    /// What happens to it at boot: `enabled`, `disabled` or `masked`, say.
    let fileState: String
    /// What it does now: `active`, `inactive` or `failed`, say.
    let activeState: String

    /// The unit, if it is installed and would listen on the path; nil otherwise, or without systemd.
    init?(listeningOn path: String) {
        let command = [
            "systemctl", "show", "--property=LoadState,UnitFileState,ActiveState,Listen", Self.name,
        ]
        guard let outcome = try? SystemCommand.run(command), outcome.status == 0 else { return nil }
        self.init(properties: outcome.output, path: path)
    }

    /// Reads what `systemctl show` prints.
    init?(properties: String, path: String) {
        var values: [Substring: [Substring]] = [:]
        for line in properties.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[line[..<equals], default: []].append(line[line.index(after: equals)...])
        }
        guard values["LoadState"] == ["loaded"] || values["LoadState"] == ["masked"],
            values["LoadState"] == ["masked"]
                || values["Listen"]?.contains(where: { $0 == "\(path) (Stream)" }) == true
        else { return nil }
        fileState = values["UnitFileState"]?.first.map(String.init) ?? ""
        activeState = values["ActiveState"]?.first.map(String.init) ?? ""
    }

    /// Whether starting it is what is missing; one that was masked is off because somebody wanted it so.
    var isStartable: Bool { fileState != "masked" && activeState != "active" }

    var finding: String {
        "The unit \(Self.name) is \(fileState.isEmpty ? "installed" : fileState) and \(activeState)."
    }

    var remedy: String {
        if fileState == "masked" { return "Allow it again: sudo systemctl unmask \(Self.name)" }
        if activeState == "active" { return "See why the service does not answer: journalctl -u sglorad" }
        return "Start it, now and at every boot: sudo systemctl enable --now \(Self.name)"
    }
}
