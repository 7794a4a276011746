internal import ErrorModel
internal import ExpertCache

extension BaseSnapshot {
    /// The generator of an id, or the one that serves.
    ///
    /// - Throws: `notFound`, or `generatorUnavailable` for one that is disabled.
    func judged(_ id: String?) throws(SgloradError) -> GeneratorStanding? {
        guard let id else { return generators.first { $0.row.id == serving?.id } }
        guard let found = generators.first(where: { $0.row.id == id }) else {
            throw .notFound(
                "generator", id,
                remedy: "'sglorad-ctl generator list --base \(base.name)' shows those there are.")
        }
        guard found.state != .disabled else {
            let reason = found.reason ?? ""
            throw SgloradError(
                .generatorUnavailable,
                "The generator \(id) is disabled: \(reason). Train one anew with 'sglorad-ctl generator train --base "
                    + "\(base.name)'.", parameters: ["base": .string(base.name), "reason": .string(reason)])
        }
        return found
    }
}

extension SgloradError {
    static func emptyLibrary(_ base: String) -> SgloradError {
        SgloradError(
            .emptyLibrary,
            "The base '\(base)' has no experts yet. Import some with 'sglorad-ctl expert import DIR'.",
            parameters: ["base": .string(base)])
    }
}
