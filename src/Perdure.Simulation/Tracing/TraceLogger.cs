using Microsoft.Extensions.Logging;

namespace Perdure.Simulation;

/// <summary>What nodes log, in the trace of the run.</summary>
internal sealed class TraceLogger(Trace trace) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) trace.Add($"log {logLevel}", exception is null ? formatter(state, exception) : $"{formatter(state, exception)} {exception.GetType().Name}: {exception.Message}");
    }
}
