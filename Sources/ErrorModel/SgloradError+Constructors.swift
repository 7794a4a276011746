extension SgloradError {
    /// An invalid field of an intent; `reason` continues "The intent's <field> …".
    public static func invalidIntent(field: String, reason: String) -> SgloradError {
        SgloradError(
            .invalidIntent, "The intent's \(field) \(reason).",
            parameters: ["field": .string(field), "reason": .string(reason)])
    }

    /// An invalid parameter of a call; `reason` continues "The parameter '<field>' …".
    public static func invalidRequest(field: String, reason: String) -> SgloradError {
        SgloradError(
            .invalidRequest, "The parameter '\(field)' \(reason).",
            parameters: ["field": .string(field), "reason": .string(reason)])
    }

    /// An object that does not exist; `remedy` is a sentence.
    public static func notFound(_ kind: String, _ name: String, remedy: String) -> SgloradError {
        SgloradError(
            .notFound, "There is no \(kind) '\(name)'. \(remedy)",
            parameters: ["kind": .string(kind), "name": .string(name)])
    }

    /// A file that is damaged, malicious or not of the expected format; `reason` continues "<file>: …" and
    /// says what to do.
    public static func invalidFile(_ file: String, _ reason: String, cause: (any Error)? = nil)
        -> SgloradError
    {
        SgloradError(
            .invalidFile, "\(file): \(reason)",
            parameters: ["file": .string(file), "reason": .string(reason)], cause: cause)
    }

    /// A valid adapter with a feature that is not supported; `feature` continues "The adapter uses …",
    /// `remedy` is a sentence.
    public static func unsupportedAdapter(feature: String, remedy: String) -> SgloradError {
        SgloradError(
            .unsupportedAdapter,
            "The adapter uses \(feature), which is not supported. \(remedy)",
            parameters: ["feature": .string(feature), "remedy": .string(remedy)])
    }

    /// An adapter that does not match its base model's layout; `reason` continues "Site '<site>' …".
    public static func layoutMismatch(site: String, reason: String) -> SgloradError {
        SgloradError(
            .layoutMismatch, "Site '\(site)' \(reason).",
            parameters: ["site": .string(site), "reason": .string(reason)])
    }

    /// A text encoder that cannot be loaded; `reason` continues "The text encoder cannot be used: <file>: …".
    public static func invalidModel(_ file: String, _ reason: String, cause: (any Error)? = nil)
        -> SgloradError
    {
        SgloradError(
            .invalidModel, "The text encoder cannot be used: \(file): \(reason)",
            parameters: ["file": .string(file), "reason": .string(reason)], cause: cause)
    }

    /// A failed file or database operation; `reason` continues "<path>: …".
    public static func storageFailure(
        _ path: String, _ reason: String, cause: (any Error)? = nil, remedy: Remedy? = nil
    ) -> SgloradError {
        SgloradError(
            .storageFailure, "\(path): \(reason)",
            parameters: ["path": .string(path), "reason": .string(reason)], cause: cause, remedy: remedy)
    }

    /// State in a form of a later version, of which nothing was changed; `reason` continues "<path>: …" and ends a sentence,
    /// `needs` is the version that can open it; nil where that is not known.
    public static func newerState(_ path: String, _ reason: String, needs: String?) -> SgloradError {
        let needed: String
        switch needs {
        case SgloradRelease.version?: needed = "the newer build of sglorad \(SgloradRelease.version)"
        case let version?: needed = "sglorad \(version) or later"
        case nil: needed = "the version of sglorad that wrote it"
        }
        let whole =
            "\(reason) Install \(needed), or restore a backup that was made before the update "
            + "(docs/operations.md, \"Upgrade and downgrade\")."
        return SgloradError(
            .storageFailure, "\(path): \(whole)",
            parameters: [
                "path": .string(path), "reason": .string(whole), newerStateKey: .string(needs ?? ""),
            ], remedy: .type("sudo apt install ./sglorad*.deb", to: "install the version that is needed"))
    }

    /// Whether a newer version of the program is needed to open the state.
    public var isNewerState: Bool { parameters[Self.newerStateKey] != nil }

    private static var newerStateKey: String { "needs" }

    public static func cancelled(_ reason: String) -> SgloradError {
        SgloradError(
            .cancelled, "The work was cancelled before it was complete: \(reason).",
            parameters: ["reason": .string(reason)])
    }

    /// A training run that ended without a generator; `remedy` is a sentence.
    public static func trainingFailed(base: String, reason: String, remedy: String) -> SgloradError {
        SgloradError(
            .trainingFailed, "Training for '\(base)' ended without a generator: \(reason). \(remedy)",
            parameters: ["base": .string(base), "reason": .string(reason)])
    }

    public static func `internal`(_ reason: String, cause: (any Error)? = nil) -> SgloradError {
        SgloradError(
            .internal, "Internal error, please report it: \(reason)",
            parameters: ["reason": .string(reason)], cause: cause)
    }
}
