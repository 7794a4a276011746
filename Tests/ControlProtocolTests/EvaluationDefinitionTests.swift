import ControlProtocol
import Foundation
import Testing

/// The types of an evaluation against the interface definition.
@Suite struct EvaluationDefinitionTests {
    /// The stretch of the interface that is about evaluations: the whole has a type and a method of the name `Request`,
    /// which the parser takes for a mistake.
    private let definition = Result {
        let whole = Wire.definition
        let start = try #require(whole.range(of: "# A query of a task:")).lowerBound
        let end = try #require(whole.range(of: "# Published adapters, newest first")).lowerBound
        return try InterfaceDefinition(parsing: "interface io.sglorad\n\n" + whole[start..<end])
    }

    @Test func typesAreThoseOfTheInterface() throws {
        let definition = try definition.get()
        let mismatches =
            definition.mismatches(of: Wire.EvaluationQuery.self, typed: "EvaluationQuery")
            + definition.mismatches(of: Wire.EvaluationTask.self, typed: "EvaluationTask")
            + definition.mismatches(of: Wire.EvaluationProgress.self, typed: "EvaluationProgress")
            + definition.mismatches(of: Wire.Estimate.self, typed: "Estimate")
            + definition.mismatches(of: Wire.EvaluatedMethod.self, typed: "EvaluatedMethod")
            + definition.mismatches(of: Wire.EvaluationGroup.self, typed: "EvaluationGroup")
            + definition.mismatches(of: Wire.EvaluationFigures.self, typed: "EvaluationFigures")
            + definition.mismatches(of: Wire.EvaluatedTask.self, typed: "EvaluatedTask")
            + definition.mismatches(of: Wire.EvaluationPart.self, typed: "EvaluationPart")
            + definition.mismatches(of: Wire.EvaluationMapPoint.self, typed: "EvaluationMapPoint")
            + definition.mismatches(of: Wire.EvaluationReport.self, typed: "EvaluationReport")
        #expect(mismatches == [])
    }

    @Test func theMethodIsThatOfTheInterface() throws {
        let definition = try definition.get()
        typealias Method = Methods.EvaluateGenerator
        #expect(definition.mismatches(of: Method.Parameters.self, inputOf: Method.name) == [])
        #expect(definition.mismatches(of: Method.Reply.self, outputOf: Method.name) == [])
        #expect(Methods.all.contains { $0.name == Method.name })
    }
}
