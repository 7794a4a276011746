internal import Foundation
internal import VarlinkDefinition

/// `interface-generator FILE PREFIX INTERFACE_FOLDER FORMS_MODULE FORMS_FOLDER`: writes Swift bindings of an
/// interface.
///
/// Files of an earlier run that are no longer generated are removed.
@main
enum GeneratorCommand {
    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("interface-generator: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ arguments: [String]) throws {
        guard arguments.count == 5 else {
            throw GeneratorError(
                "usage: interface-generator FILE PREFIX INTERFACE_FOLDER FORMS_MODULE FORMS_FOLDER")
        }
        let source = URL(filePath: arguments[0])
        let generator = BindingsGenerator(
            try InterfaceDefinition(parsing: String(contentsOf: source, encoding: .utf8)),
            source: source.lastPathComponent, prefix: arguments[1], formsModule: arguments[3])
        let files = try generator.files()
        try replace(URL(filePath: arguments[2]), with: files.filter { $0.module == .interface })
        try replace(URL(filePath: arguments[4]), with: files.filter { $0.module == .forms })
    }

    private static func replace(_ folder: URL, with files: [GeneratedFile]) throws {
        let manager = FileManager.default
        try manager.createDirectory(at: folder, withIntermediateDirectories: true)
        let names = Set(files.map(\.name))
        for old in try manager.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
        where old.hasSuffix(".swift") && !names.contains(old) {
            try manager.removeItem(at: folder.appending(path: old))
        }
        for file in files {
            let url = folder.appending(path: file.name)
            // An unchanged file keeps its date, so that nothing is rebuilt for it.
            guard (try? String(contentsOf: url, encoding: .utf8)) != file.text else { continue }
            try Data(file.text.utf8).write(to: url, options: .atomic)
        }
    }
}

/// Why no bindings can be generated for an interface.
struct GeneratorError: Error, CustomStringConvertible, Equatable {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
