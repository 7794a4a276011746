public import ErrorModel
public import Testing

/// Expects a call to throw a `SgloradError` with a given code.
///
/// - Returns: the error, for further expectations; nil where the call did not throw one.
@discardableResult
public func refusal(
    _ code: SgloradError.Code, _ location: SourceLocation = #_sourceLocation,
    _ body: () throws -> some Any
) -> SgloradError? {
    let error = #expect(throws: SgloradError.self, sourceLocation: location) { _ = try body() }
    #expect(error?.code == code, sourceLocation: location)
    return error
}

/// Expects an asynchronous call to throw a `SgloradError` with a given code.
///
/// - Returns: the error, for further expectations; nil where the call did not throw one.
@discardableResult
public func refusal(
    _ code: SgloradError.Code, _ location: SourceLocation = #_sourceLocation,
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> some Any
) async -> SgloradError? {
    do {
        _ = try await body()
        Issue.record(
            "expected an error with the code \(code), but nothing was thrown", sourceLocation: location)
    } catch let error as SgloradError {
        #expect(error.code == code, "\(error)", sourceLocation: location)
        return error
    } catch {
        Issue.record("expected an error with the code \(code), not \(error)", sourceLocation: location)
    }
    return nil
}
