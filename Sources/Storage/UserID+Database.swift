public import Files
public import GRDB

/// A user in a database's column: the plain number.
///
/// A number outside 0 to 2^32 - 1 is no user and does not decode.
extension UserID: DatabaseValueConvertible, StatementColumnConvertible {}
