using System.Data.Common;

namespace Perdure;

/// <summary>
/// The transaction that a <see cref="Transacted{TIn,TOut}"/> runs in: on a connection of its own to the database that the store lives in, read committed, begun before and ended after it by the
/// engine. What is written through it is committed together with the record that the operation has succeeded, or not at all.
/// </summary>
/// <remarks>
/// With ADO.NET give each command both; with Dapper pass <see cref="Transaction"/>; with EF Core make the context on <see cref="Connection"/> and call
/// <c>Database.UseTransaction(store.Transaction)</c>. Do not commit it, roll it back, close the connection, or keep either for later: an attempt that has ended the transaction itself fails
/// with <c>transaction.ended</c>. The store's own tables are not yours to write.
/// </remarks>
/// <param name="connection">The connection, open.</param>
/// <param name="transaction">The transaction, under way.</param>
public sealed class StoreTransaction(DbConnection connection, DbTransaction transaction)
{
    /// <summary>The connection, open, for this attempt alone. On PostgreSQL its search path is your connection string's, not the store's.</summary>
    public DbConnection Connection => connection;

    /// <summary>The transaction, under way.</summary>
    public DbTransaction Transaction => transaction;
}
