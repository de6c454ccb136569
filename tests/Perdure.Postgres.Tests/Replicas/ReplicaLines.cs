using Microsoft.Extensions.Logging;

namespace Perdure.Postgres.Tests.Replicas;

/// <summary>What stores say of replicas, oldest first.</summary>
internal sealed class ReplicaLines : ILogger<PostgresStore>, ILoggerFactory
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> All
    {
        get { lock (_lines) return [.. _lines]; }
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = $"{logLevel}: {formatter(state, exception)} {exception?.Message}";
        if (line.Contains("replica", StringComparison.Ordinal)) lock (_lines) _lines.Add(line);
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose() { }
}
