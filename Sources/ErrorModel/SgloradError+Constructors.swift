extension SgloradError {
    /// A field of an intent that cannot be accepted.
    public static func invalidIntent(field: String, reason: String) -> SgloradError {
        SgloradError(
            .invalidIntent, "The intent's \(field) \(reason).",
            parameters: ["field": .string(field), "reason": .string(reason)])
    }

    /// A parameter of a call that cannot be accepted; `reason` continues "The parameter 'x' …".
    public static func invalidRequest(field: String, reason: String) -> SgloradError {
        SgloradError(
            .invalidRequest, "The parameter '\(field)' \(reason).",
            parameters: ["field": .string(field), "reason": .string(reason)])
    }

    /// Something asked for by name that is not there.
    public static func notFound(_ kind: String, _ name: String, remedy: String) -> SgloradError {
        SgloradError(
            .notFound, "There is no \(kind) '\(name)'. \(remedy)",
            parameters: ["kind": .string(kind), "name": .string(name)])
    }

    /// A file that is damaged, hostile, or not what its name says; `reason` says what and what to do.
    public static func invalidFile(_ file: String, _ reason: String, cause: (any Error)? = nil)
        -> SgloradError
    {
        SgloradError(
            .invalidFile, "\(file): \(reason)",
            parameters: ["file": .string(file), "reason": .string(reason)], cause: cause)
    }

    /// A sound adapter that uses something which cannot be merged.
    public static func unsupportedAdapter(feature: String, remedy: String) -> SgloradError {
        SgloradError(
            .unsupportedAdapter,
            "The adapter uses \(feature), which cannot be combined with others. \(remedy)",
            parameters: ["feature": .string(feature), "remedy": .string(remedy)])
    }

    /// An adapter whose sites do not fit its base's layout.
    public static func layoutMismatch(site: String, reason: String) -> SgloradError {
        SgloradError(
            .layoutMismatch, "Site '\(site)' \(reason).",
            parameters: ["site": .string(site), "reason": .string(reason)])
    }

    /// A text encoder's folder that cannot be used.
    public static func invalidModel(_ file: String, _ reason: String, cause: (any Error)? = nil)
        -> SgloradError
    {
        SgloradError(
            .invalidModel, "The text encoder cannot be used: \(file): \(reason)",
            parameters: ["file": .string(file), "reason": .string(reason)], cause: cause)
    }

    /// A disk or database that refused.
    public static func storageFailure(_ path: String, _ reason: String, cause: (any Error)? = nil)
        -> SgloradError
    {
        SgloradError(
            .storageFailure, "\(path): \(reason)",
            parameters: ["path": .string(path), "reason": .string(reason)], cause: cause)
    }

    /// Work that was called off before it was done.
    public static func cancelled(_ reason: String) -> SgloradError {
        SgloradError(
            .cancelled, "The work was called off before it was done: \(reason).",
            parameters: ["reason": .string(reason)])
    }

    /// A training that ended without a generator; `remedy` says what to do.
    public static func trainingFailed(base: String, reason: String, remedy: String) -> SgloradError {
        SgloradError(
            .trainingFailed, "The training for '\(base)' ended without a generator: \(reason). \(remedy)",
            parameters: ["base": .string(base), "reason": .string(reason)])
    }

    /// A bug of the program itself.
    public static func `internal`(_ reason: String, cause: (any Error)? = nil) -> SgloradError {
        SgloradError(
            .internal, "An internal failure, please report it: \(reason)",
            parameters: ["reason": .string(reason)], cause: cause)
    }
}
