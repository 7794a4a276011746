internal import ArgumentParser
internal import ErrorModel
internal import Glibc
internal import Synchronization

/// The command that runs, for remedies that point at its help.
enum RunningCommand {
    private static let words = Mutex("")

    /// The words after the program's name, such as `expert import`.
    static var name: String { words.withLock { $0 } }

    /// Records the command that a command line names: its words that are names of subcommands.
    static func record(_ arguments: [String]) {
        var command = SgloradControl.configuration
        var found: [String] = []
        for word in arguments {
            guard
                let next = command.subcommands.first(where: { $0.configuration.commandName == word })
            else { break }
            command = next.configuration
            found.append(word)
        }
        let name = found.joined(separator: " ")
        words.withLock { $0 = name }
    }
}

extension Remedy {
    /// The help of the command that runs.
    static var help: Remedy {
        let name = RunningCommand.name
        return .type("sglorad-ctl help\(name.isEmpty ? "" : " " + name)", to: "see what the options may be")
    }

    static let compareVersions = Remedy.type(
        "sglorad-ctl doctor", to: "compare the versions of the daemon and of this program")
    static let readLog = Remedy.type("journalctl -u sglorad", to: "read in the daemon's log why")
    static let nameSocket = Remedy(
        "name the daemon's socket with --socket, or in this variable", .setting("SGLORAD_SOCKET"))

    /// How an administrator lets the caller make requests.
    static var joinGroup: Remedy {
        .type("sudo adduser \(userName) sglorad-users", to: "have an administrator add you, and log in again")
    }

    /// The caller's name; `USER` if it has none.
    static var userName: String {
        guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else { return "USER" }
        return Remedy.word(String(cString: name))
    }

    /// How to start a daemon that listens on a path.
    static func start(_ path: String) -> Remedy {
        path == SgloradRelease.socketPath
            ? .type("sudo systemctl start sglorad.socket", to: "start it")
            : .type("sglorad --state-dir DIR --socket \(Remedy.word(path))", to: "start it")
    }

    /// The remedy as a user of this program sees it: a parameter of a call is an option of the command.
    var onCommandLine: Remedy {
        guard case .setting(let name) = step, name != "model" else { return self }
        return .help
    }
}
