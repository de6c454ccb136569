using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>A node on virtual time over a store that outlives it.</summary>
internal sealed class TestNode
{
    private readonly ServiceProvider _services;
    private int _keys;

    public TestNode(MemoryStore store, TestShell shell, Action<PerdureBuilder> configure, Action<IServiceCollection>? services = null)
        : this(store, store, shell, configure, services)
    {
    }

    /// <param name="rows">What is in the store in the end.</param>
    /// <param name="store">The store as this node has it.</param>
    /// <param name="shell">Its machine.</param>
    /// <param name="configure">What it carries.</param>
    /// <param name="services">What its operations depend on.</param>
    public TestNode(MemoryStore rows, IStore store, TestShell shell, Action<PerdureBuilder> configure, Action<IServiceCollection>? services = null)
    {
        (Store, Shell) = (rows, shell);
        rows.Time = shell.Clock;
        var collection = new ServiceCollection();
        collection.AddLogging(b => b.AddProvider(new FailingLogs(Logged)));
        collection.AddSingleton<INodeShell>(shell);
        services?.Invoke(collection);
        collection.AddPerdure(p =>
        {
            configure(p);
            p.UseStore(_ => store);
        });
        _services = collection.BuildServiceProvider(validateScopes: true);
        Engine = _services.GetRequiredService<IPerdure>();
        Done(_services.GetServices<IHostedService>().Single().StartAsync(default));
        shell.Settle();
    }

    public MemoryStore Store { get; }
    public TestShell Shell { get; }
    public IPerdure Engine { get; }
    public List<string> Logged { get; } = [];

    /// <summary>What is broken on purpose is broken here.</summary>
    public IReadOnlyList<Perdure.Runtime.Lane> Lanes => _services.GetRequiredService<Perdure.Runtime.Node>().Lanes;

    public T Done<T>(Task<T> task)
    {
        Shell.Settle();
        Assert.True(task.IsCompleted, "The engine has not answered.");
        return task.GetAwaiter().GetResult();
    }

    public void Done(Task task)
    {
        Shell.Settle();
        Assert.True(task.IsCompleted, "The engine has not answered.");
        task.GetAwaiter().GetResult();
    }

    public InstanceId Start(string workflow, string json, string? key = null)
    {
        var answer = Done(Engine.Start(new(workflow, key ?? $"key-{++_keys}", System.Text.Encoding.UTF8.GetBytes(json))));
        return Assert.IsType<StartAnswer.Accepted>(answer).Instance;
    }

    public Instance Look(InstanceId id) => Done(Engine.Get(id))!.Instance;

    public string DataOf(InstanceId id) => System.Text.Encoding.UTF8.GetString(Look(id).Data.Body.Span);

    public IReadOnlyList<Event> Events(InstanceId id) => [.. Done(Engine.History(id, 1, 10_000)).SelectMany(r => r.Events)];

    /// <summary>The host stops the node in order.</summary>
    public Task Stop() => _services.GetServices<IHostedService>().Single().StopAsync(default);

    /// <summary>The process dies at this moment.</summary>
    public void Die() => Shell.Die();

    private sealed class FailingLogs(List<string> logged) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;
        public void Dispose() { }
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning) lock (logged) logged.Add($"{logLevel}: {formatter(state, exception)} {exception}");
        }
    }
}
