import ControlProtocol
import Foundation

/// Finds out what a `Decodable` type wants to read, as a varlink type, by letting it decode made-up values.
///
/// A struct gives its fields with their names; `decodeIfPresent` gives an optional; arrays, dictionaries with string keys and
/// nested types are followed; a string enumeration that is `CaseIterable` gives its words. A type whose initialiser refuses
/// every made-up value cannot be recorded.
enum CodableShape {
    typealias Expression = InterfaceDefinition.TypeExpression

    /// Types nest this deep before arrays, dictionaries and optionals are taken for empty: recursive types must end.
    static let maximumDepth = 12

    /// The shape of a type.
    static func of<T: Decodable>(_ type: T.Type) throws -> Expression {
        try record(type, depth: 0).shape
    }

    fileprivate static func record<T: Decodable>(_ type: T.Type, depth: Int) throws -> (
        value: T, shape: Expression
    ) {
        func scalar(_ value: any Decodable, _ shape: Expression) -> (T, Expression)? {
            (value as? T).map { ($0, shape) }
        }
        let integers: [any Decodable & BinaryInteger] = [
            0 as Int, 0 as Int8, 0 as Int16, 0 as Int32, 0 as Int64, 0 as UInt, 0 as UInt8, 0 as UInt16,
            0 as UInt32,
            0 as UInt64,
        ]
        let scalars: [(any Decodable, Expression)] =
            [(false, .bool), ("", .string), (0 as Double, .float), (0 as Float, .float), (Data(), .string)]
            + integers.map { ($0, .int) }
        for (value, shape) in scalars where Swift.type(of: value) == type {
            if let result = scalar(value, shape) { return result }
        }
        if let words = type as? any StringEnumeration.Type, let result = enumeration(words, as: type) {
            return result
        }
        let node = ShapeNode()
        let isDictionary = type is any StringDictionary.Type
        let value = try T(from: ShapeDecoder(node: node, depth: depth, isDictionary: isDictionary))
        return (value, node.expression)
    }

    private typealias StringEnumeration = CaseIterable & RawRepresentable

    private static func enumeration<E: CaseIterable & RawRepresentable, T>(
        _ type: E.Type, as wanted: T.Type
    ) -> (T, Expression)? {
        let words = E.allCases.compactMap { $0.rawValue as? String }
        guard words.count == E.allCases.count, let first = E.allCases.first as? T else { return nil }
        return (first, .enumeration(words))
    }
}

/// A dictionary that JSON writes as an object.
private protocol StringDictionary {}
extension Dictionary: StringDictionary where Key == String {}

/// What has been recorded of one value.
private final class ShapeNode {
    var expression: InterfaceDefinition.TypeExpression = .structure([])
    private var fields: [(name: String, type: InterfaceDefinition.TypeExpression, isOptional: Bool)] = []

    func add(_ name: String, _ type: InterfaceDefinition.TypeExpression) {
        let index = mark(name)
        fields[index].type = type
        update()
    }

    func markOptional(_ name: String) {
        fields[mark(name)].isOptional = true
    }

    private func mark(_ name: String) -> Int {
        if let index = fields.firstIndex(where: { $0.name == name }) { return index }
        fields.append((name, .object, false))
        return fields.count - 1
    }

    private func update() {
        expression = .structure(
            fields.map { field in
                .init(name: field.name, type: field.isOptional ? .optional(field.type) : field.type)
            })
    }
}

private struct ShapeKey: CodingKey {
    let stringValue: String
    let intValue: Int? = nil
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
}

private struct ShapeDecoder: Decoder {
    let node: ShapeNode
    let depth: Int
    let isDictionary: Bool
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(ShapeObject(node: node, depth: depth, isDictionary: isDictionary))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        ShapeArray(node: node, depth: depth)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        ShapeSingle(node: node, depth: depth)
    }
}

private struct ShapeObject<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let node: ShapeNode
    let depth: Int
    let isDictionary: Bool
    var codingPath: [any CodingKey] { [] }

    /// A dictionary asks for its keys: one, so that its values have a shape.
    var allKeys: [Key] {
        guard isDictionary else { return [] }
        node.expression = .dictionary(.object)
        return depth < CodableShape.maximumDepth ? [Key(stringValue: "key")].compactMap { $0 } : []
    }

    func contains(_ key: Key) -> Bool { true }

    /// Only `decodeIfPresent` asks this.
    func decodeNil(forKey key: Key) -> Bool {
        node.markOptional(key.stringValue)
        return depth >= CodableShape.maximumDepth
    }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        let recorded = try CodableShape.record(type, depth: depth + 1)
        if isDictionary {
            node.expression = .dictionary(recorded.shape)
        } else {
            node.add(key.stringValue, recorded.shape)
        }
        return recorded.value
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        throw ShapeError(reason: "nested containers are not recorded (\(key.stringValue))")
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw ShapeError(reason: "nested containers are not recorded (\(key.stringValue))")
    }

    func superDecoder() throws -> any Decoder { throw ShapeError(reason: "classes are not recorded") }
    func superDecoder(forKey key: Key) throws -> any Decoder { try superDecoder() }
}

private struct ShapeArray: UnkeyedDecodingContainer {
    let node: ShapeNode
    let depth: Int
    var codingPath: [any CodingKey] { [] }
    var count: Int? { 1 }
    var currentIndex = 0
    var isAtEnd: Bool { currentIndex > 0 || depth >= CodableShape.maximumDepth }

    init(node: ShapeNode, depth: Int) {
        self.node = node
        self.depth = depth
        node.expression = .array(.object)
    }

    mutating func decodeNil() throws -> Bool { false }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        currentIndex += 1
        let recorded = try CodableShape.record(type, depth: depth + 1)
        node.expression = .array(recorded.shape)
        return recorded.value
    }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        throw ShapeError(reason: "nested containers are not recorded")
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw ShapeError(reason: "nested containers are not recorded")
    }

    mutating func superDecoder() throws -> any Decoder {
        throw ShapeError(reason: "classes are not recorded")
    }
}

private struct ShapeSingle: SingleValueDecodingContainer {
    let node: ShapeNode
    let depth: Int
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let recorded = try CodableShape.record(type, depth: depth + 1)
        node.expression = recorded.shape
        return recorded.value
    }
}

/// Why a type cannot be recorded.
struct ShapeError: Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
}
