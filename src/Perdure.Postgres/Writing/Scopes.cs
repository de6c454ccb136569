using System.Collections.Concurrent;
using Npgsql;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Writing;

/// <summary>The small numbers of (namespace, workflow), made at their first use in a transaction of their own, and kept for good.</summary>
internal sealed class Scopes
{
    private readonly ConcurrentDictionary<(string Namespace, string Workflow), int> _known = new();

    /// <summary>The number; null where it has to be made first.</summary>
    public int? Find(string @namespace, string workflow) => _known.TryGetValue((@namespace, workflow), out var id) ? id : null;

    /// <summary>Finds the number or makes it. The connection is in no transaction.</summary>
    public void Make(NpgsqlConnection connection, string @namespace, string workflow)
    {
        using var make = StoreSchema.Command(connection, SqlText.Statement("insert-scope"), StoredText.Of(@namespace), StoredText.Of(workflow));
        make.ExecuteNonQuery();
        using var find = StoreSchema.Command(connection, SqlText.Statement("scope"), StoredText.Of(@namespace), StoredText.Of(workflow));
        _known[(@namespace, workflow)] = (int)find.ExecuteScalar()!;
    }
}
