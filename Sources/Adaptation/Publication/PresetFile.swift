internal import ErrorModel
internal import Files

/// The preset file of llama-server's router mode: an INI file with a section for each name, whose keys are command-line
/// arguments.
///
/// Source of the format: llama.cpp, `common/preset.cpp`. A value ends at `;`, `#` or the end of the line, and spaces at its ends
/// are not part of it; nothing can be escaped.
struct PresetFile: Sendable, Hashable {
    /// One name.
    struct Section: Sendable, Hashable {
        let name: String
        /// The path of the base model's GGUF file.
        let model: String
        /// The path of the adapter's GGUF file.
        let lora: String
    }

    /// What holds for all names.
    let arguments: [PresetArgument]
    /// In the order of their names.
    let sections: [Section]

    /// The file's text; the same sections give the same bytes.
    var text: String {
        var lines = [
            "; Written by sglorad, anew at each change of a published name: what is changed here is lost."
        ]
        if !arguments.isEmpty {
            lines += ["", "[*]"] + arguments.map { "\($0.name) = \($0.value)" }
        }
        for section in sections {
            lines += ["", "[\(section.name)]", "model = \(section.model)", "lora = \(section.lora)"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Why a text cannot be a value of the file; nil if it can.
    static func obstacle(toValue text: String) -> String? {
        if text.isEmpty { return "is empty" }
        if text.holdsControlCharacter || text.contains(where: \.isNewline) {
            return "holds a line break or another control character"
        }
        if let bad = text.first(where: { $0 == ";" || $0 == "#" }) { return "holds '\(bad)'" }
        if text.hasPrefix(" ") || text.hasSuffix(" ") { return "has a space at its end" }
        return nil
    }

    /// Why a path cannot be an adapter of the file; nil if it can: llama-server takes a list there, separated by commas and with
    /// quotation marks around what holds one.
    static func obstacle(toAdapter path: String) -> String? {
        obstacle(toValue: path) ?? path.first { $0 == "," || $0 == "\"" }.map { "holds '\($0)'" }
    }
}

extension PresetFile {
    /// Puts the file in its place, readable for the group of readers, unless it is there already; blocks.
    ///
    /// Whoever reads it meets the whole file of before or the whole of after.
    ///
    /// - Parameters:
    ///   - path: the file's path.
    ///   - state: knows the readers.
    ///   - evenUnchanged: whether it is written even if it is there, because the readers may be others than before.
    /// - Throws: `storageFailure`.
    func write(to path: String, _ state: StateDirectory, evenUnchanged: Bool) throws(SgloradError) {
        let bytes = Array(text.utf8)
        if !evenUnchanged, (try? FileDigest.sha256(file: path)) == FileDigest.sha256(bytes) { return }
        try state.makeShared(folder: Path.parent(of: path))
        let file = try DurableFile(
            in: Path.parent(of: path), temporaryName: Path.temporaryName(), reportedAs: path)
        try file.write(bytes)
        state.share(file.descriptor, with: .current, folder: false)
        try file.commit(as: path)
    }
}

extension StateDirectory {
    /// Creates a folder that the group of readers may list; one elsewhere that is there stays as it is.
    ///
    /// - Throws: `storageFailure`.
    func makeShared(folder: String) throws(SgloradError) {
        let isThere = FileKind(of: folder) == .folder
        if !isThere { try Folder.make(folder) }
        if !isThere || folder == published { try share(folder: folder, with: .current) }
    }
}
