using System.Reflection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore.Tests;

/// <summary>Delivers pages of a store that has nothing else, on time that moves only while somebody waits for what it brings.</summary>
internal sealed class OwedToSomebody : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<StoredPage> _pages = [];
    private readonly FakeTimeProvider _time = new();
    private readonly PageDelivery _delivery;
    private TaskCompletionSource _moved = Source();

    public OwedToSomebody(params IPageSink[] sinks)
    {
        var (store, engine) = (Stub.Of<IStore>(Answer), Stub.Of<IPerdure>(Answer));
        _delivery = new(engine, store, sinks, _time, Options.Create(new PerdureHttpOptions()), new LoggerFactory().CreateLogger<PageDelivery>());
    }

    /// <summary>What a read of the owed pages waits for before it gives what it saw.</summary>
    public Func<Task>? ReadHeld { get; set; }

    /// <summary>What a mark of a try does beforehand.</summary>
    public Action<string, bool>? Marks { get; set; }

    public static TaskCompletionSource Source() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Owe(params IEnumerable<string> keys)
    {
        lock (_gate)
        {
            foreach (var key in keys) _pages.Add(new(new(key, Severity.High, "code", "summary"), new(_pages.Count + 1), "flow", "State", _time.GetUtcNow(), null, 0, null));
            _moved.SetResult();
            _moved = Source();
        }
    }

    public bool IsOwed(string key)
    {
        lock (_gate) return _pages.Exists(p => p.Page.Key == key && p.DeliveredAt is null);
    }

    public int Tries(string key)
    {
        lock (_gate) return _pages.Find(p => p.Page.Key == key)!.Tries;
    }

    public Task Start() => _delivery.StartAsync(default);

    /// <summary>Lets time go by until that has come.</summary>
    public async Task Until(Func<bool> wanted, string what)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!wanted())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(90), $"It never came to that: {what}.");
            _time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }
    }

    public Task Until(Task wanted, string what) => Until(() => wanted.IsCompleted, what);

    public async ValueTask DisposeAsync()
    {
        await _delivery.StopAsync(default);
        _delivery.Dispose();
    }

    private object? Answer(string method, object?[] given)
    {
        var stop = given is [.., CancellationToken token] ? token : default;
        switch (method)
        {
            case "get_Health": return new NodeHealth(true, [], 0, 0, 0);
            case "get_Views": return Stub.Of<IViews>(Answer);
            case "Owns": return true;
            case "FeedEnd":
                lock (_gate) return Task.FromResult((long)_pages.Count);
            case "FeedMoved":
                lock (_gate) return (long)given[0]! < _pages.Count ? Task.CompletedTask : _moved.Task.WaitAsync(stop);
            case "PagesOwed": return Owed(given is [int skip, int, _] ? skip : 0, given is [.., int limit, _] ? limit : 0);
            case "PageTried":
                var (key, delivered) = ((string)given[0]!, (bool)given[1]!);
                Marks?.Invoke(key, delivered);
                lock (_gate)
                {
                    var at = _pages.FindIndex(p => p.Page.Key == key);
                    _pages[at] = _pages[at] with { Tries = _pages[at].Tries + 1, LastError = (string?)given[2], DeliveredAt = delivered ? (DateTimeOffset)given[3]! : null };
                }
                return Task.CompletedTask;
            default: throw new NotSupportedException(method);
        }
    }

    private async Task<IReadOnlyList<StoredPage>> Owed(int skip, int limit)
    {
        IReadOnlyList<StoredPage> saw;
        lock (_gate) saw = [.. _pages.Where(p => p.DeliveredAt is null).Reverse().Skip(skip).Take(limit)];
        if (ReadHeld is { } held) await held();
        return saw;
    }

    internal class Stub : DispatchProxy
    {
        private Func<string, object?[], object?> _answer = null!;

        public static T Of<T>(Func<string, object?[], object?> answer) where T : class
        {
            var stub = Create<T, Stub>();
            ((Stub)(object)stub)._answer = answer;
            return stub;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _answer(targetMethod!.Name, args ?? []);
    }
}

/// <summary>A place where pages go that does as it is told, and remembers what it was given.</summary>
internal sealed class ToldSink(string name, Func<StoredPage, CancellationToken, Task> does) : IPageSink
{
    private readonly List<string> _given = [];

    public string Name => name;

    public IReadOnlyList<string> Given
    {
        get
        {
            lock (_given) return [.. _given];
        }
    }

    public Task Deliver(StoredPage page, CancellationToken cancellation)
    {
        lock (_given) _given.Add(page.Page.Key);
        return does(page, cancellation);
    }
}
