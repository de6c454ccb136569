using Npgsql;

namespace Perdure.Postgres.Database;

/// <summary>Listens for the warning "committed locally, but might not have been replicated": a commit that comes with it is as good as unknown.</summary>
internal sealed class Doubt : IDisposable
{
    private readonly NpgsqlConnection _connection;
    private bool _warned;

    public Doubt(NpgsqlConnection connection)
    {
        _connection = connection;
        connection.Notice += Warned;
    }

    /// <summary>Throws where the server has warned since this began.</summary>
    public void Check()
    {
        if (_warned) throw new NpgsqlException("The server warned that a commit may not have been replicated.");
    }

    private void Warned(object? sender, NpgsqlNoticeEventArgs notice) => _warned |= notice.Notice.InvariantSeverity == "WARNING";

    /// <inheritdoc />
    public void Dispose() => _connection.Notice -= Warned;
}
