internal import ErrorModel

/// Where the value of a configuration key was taken from, so that an error names what has to be corrected.
struct SettingSource {
    private let commandLine: CommandLineOptions
    private let environment: [String: String]

    init(_ commandLine: CommandLineOptions, environment: [String: String]) {
        self.commandLine = commandLine
        self.environment = environment
    }

    /// The error of an invalid value with the remedy to correct it where it was set; any other error as it is.
    func explained(_ error: SgloradError) -> SgloradError {
        guard error.code == .invalidRequest, case .string(let key)? = error.parameters["field"] else {
            return error
        }
        return error.with(remedy(key))
    }

    private func remedy(_ key: String) -> Remedy {
        if let option = option(key) { return Remedy("correct this option", .setting(option)) }
        let variable = Self.variable(key)
        if environment[variable] != nil {
            return Remedy("correct this variable of the environment", .setting(variable))
        }
        let file = commandLine.configurationFile ?? "the configuration file"
        return Remedy("correct this key in \(file)", .setting(key))
    }

    /// The option that has set a key on the command line; nil if none has.
    private func option(_ key: String) -> String? {
        let options: [String: (name: String, value: String?)] = [
            "stateDirectory": ("--state-dir", commandLine.stateDirectory),
            "socket": ("--socket", commandLine.socket), "model": ("--model", commandLine.model),
            "spool.directory": ("--spool", commandLine.spool),
            "logLevel": ("--log-level", commandLine.logLevel),
        ]
        guard let option = options[key], option.value != nil else { return nil }
        return option.name
    }

    /// The environment variable of a key: `SGLORAD_QUEUE_PER_USER` of `queue.perUser`.
    static func variable(_ key: String) -> String {
        key.reduce(into: "SGLORAD_") { name, character in
            if character == "." {
                name += "_"
            } else {
                name += (character.isUppercase ? "_" : "") + character.uppercased()
            }
        }
    }
}
