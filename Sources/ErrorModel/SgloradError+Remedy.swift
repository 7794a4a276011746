extension SgloradError {
    /// What to do next: the remedy that the error was made with, otherwise that of its code and parameters.
    ///
    /// It is known on both sides of the socket, because an error travels with its code and parameters.
    public var remedy: Remedy { ownRemedy ?? code.remedy(parameters) }

    /// The same error with another remedy.
    public func with(_ remedy: Remedy) -> SgloradError {
        SgloradError(code, message, parameters: parameters, cause: cause, remedy: remedy)
    }
}

extension SgloradError.Code {
    /// The remedy of an error of this code with these parameters.
    public func remedy(_ parameters: [String: SgloradError.Parameter]) -> Remedy {
        func text(_ name: String) -> String? {
            guard case .string(let text)? = parameters[name], !text.isEmpty else { return nil }
            return text
        }
        let base = text("base").map { " --base \(Remedy.word($0))" } ?? ""
        return switch self {
        case .invalidIntent: .type("sglorad-ctl help request", to: "see what a request may say")
        case .invalidRequest: Remedy("correct this parameter", .setting(text("field") ?? "parameters"))
        case .unknownBase where parameters["known"] == .strings([]), .emptyLibrary:
            .type("sglorad-ctl expert import DIR", to: "import an expert")
        case .unknownBase: .type("sglorad-ctl base list", to: "list the base models")
        case .notFound, .alreadyExists: Self.listing(text("kind") ?? "", text("name"))
        case .noRelevantExpert: .type("sglorad-ctl explain \"TEXT\"", to: "see which experts are near")
        case .invalidFile: Remedy("mend it, or name another", .file(text("file") ?? "the file"))
        case .unsupportedAdapter:
            .type("sglorad-ctl expert import DIR", to: "train it without that, and import it again")
        case .layoutMismatch: .type("sglorad-ctl base list", to: "compare it with the base models")
        case .invalidModel:
            Remedy(
                "get the text encoder by 'make model' or the package sglorad-minilm, and name its folder in the "
                    + "configuration", .setting("model"))
        case .generatorUnavailable: .type("sglorad-ctl generator train\(base)", to: "train one")
        case .trainingFailed: .type("journalctl -u sglorad", to: "read in the daemon's log why")
        case .storageFailure:
            Remedy("put right what is said of", .file(text("path") ?? "the state directory"))
        case .busy: .type("sglorad-ctl queue list", to: "wait\(Self.wait(parameters)), or see what is open")
        case .cancelled: .type("sglorad-ctl status", to: "see that the daemon runs, and repeat the command")
        default: .type("journalctl -u sglorad", to: "report it with the daemon's log")
        }
    }

    /// How to see what there is of a kind.
    private static func listing(_ kind: String, _ name: String?) -> Remedy {
        switch kind {
        case "request": .type("sglorad-ctl queue list", to: "list the requests")
        case "expert": .type("sglorad-ctl expert list", to: "list the experts")
        case "generator": .type("sglorad-ctl generator list", to: "list the generators")
        case "base": .type("sglorad-ctl base list", to: "list the base models")
        case "upload": .type("sglorad-ctl expert import DIR", to: "send the files again")
        case "file" where name?.contains("/") == true, "folder":
            .type("ls -ld \(Remedy.word(name ?? "."))", to: "choose another name, or see what is there")
        default: .type("sglorad-ctl adapter list", to: "list the adapters")
        }
    }

    private static func wait(_ parameters: [String: SgloradError.Parameter]) -> String {
        let seconds: Double? =
            switch parameters["retryAfter"] {
            case .double(let value): value
            case .int(let value): Double(value)
            default: nil
            }
        guard let seconds, seconds.isFinite, (0...1e6).contains(seconds) else { return "" }
        return " \(Int(seconds.rounded(.up))) s"
    }
}
