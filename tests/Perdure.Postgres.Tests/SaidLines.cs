using Microsoft.Extensions.Logging;

namespace Perdure.Postgres.Tests;

/// <summary>What stores and nodes say, oldest first.</summary>
/// <param name="isKept">Which lines of it are kept.</param>
internal sealed class SaidLines(Func<LogLevel, string, bool> isKept) : ILogger<PostgresStore>, ILoggerFactory, ILoggerProvider
{
    /// <summary>What is said of replicas.</summary>
    public static SaidLines OfReplicas() => new((_, line) => line.Contains("replica", StringComparison.Ordinal));

    /// <summary>What is more than information.</summary>
    public static SaidLines Complaints() => new((level, _) => level >= LogLevel.Warning);

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
        if (isKept(logLevel, line)) lock (_lines) _lines.Add(line);
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose() { }
}
