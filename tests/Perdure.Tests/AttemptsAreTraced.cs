using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;

namespace Perdure.Tests;

/// <summary>Each attempt and each undo is a span of the source <c>Perdure</c>, in the trace that the instance was started in.</summary>
[Collection("script")]
public sealed class AttemptsAreTraced : IDisposable
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c", Caller = "b7ad6b7169203331";

    private readonly Ledger _ledger = new();
    private readonly MemoryStore _store = new();
    private readonly TestShell _shell = new();
    private readonly List<Activity> _spans = [];
    private readonly ActivityListener _listener;

    public AttemptsAreTraced()
    {
        _listener = new()
        {
            ShouldListenTo = source => source.Name == "Perdure",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            // Other tests run beside this one, and are traced meanwhile.
            ActivityStopped = span => { if (span.TraceId.ToHexString() == Trace) lock (_spans) _spans.Add(span); },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    private InstanceId Start(TestNode node, int steps)
    {
        var request = new StartRequest("hike", "k", System.Text.Encoding.UTF8.GetBytes($$"""{"name":"Ann","steps":{{steps}}}""")) { TraceParent = $"00-{Trace}-{Caller}-01" };
        return ((StartAnswer.Accepted)node.Done(node.Engine.Start(request))).Instance;
    }

    private TestNode Node(TestShell shell) => new(_store, shell, p => p.Workflow<Hike>(), s => s.AddSingleton(_ledger));

    [Fact]
    public void Runs_and_undos_with_how_they_ended()
    {
        _ledger.Fails = n => n == 2 ? new PermanentFailure("closed", "The path is closed.") : null;
        var node = Node(_shell);
        var id = Start(node, 2);
        node.Shell.Pass(1.Minutes);
        Assert.Equal("TURNED_BACK", node.Look(id).State);
        Assert.Equal([("run walk", ActivityStatusCode.Ok, null), ("run walk", ActivityStatusCode.Error, "closed"), ("undo walk", ActivityStatusCode.Ok, (string?)null)],
            _spans.Select(s => (s.DisplayName, s.Status, s.StatusDescription)));
        Assert.All(_spans, span =>
        {
            Assert.Equal(Caller, span.ParentSpanId.ToHexString());
            Assert.Equal($"{id}", span.GetTagItem("perdure.instance"));
            Assert.Equal("hike", span.GetTagItem("perdure.workflow"));
        });
    }

    [Fact]
    public void In_the_same_trace_after_another_process_has_gone_on()
    {
        _ledger.Waits = new TaskCompletionSource().Task;
        var node = Node(_shell);
        var id = Start(node, 1);
        node.Die();
        _ledger.Waits = Task.CompletedTask;
        node = Node(new TestShell { Clock = _shell.Clock });
        node.Shell.Pass(1.Minutes);
        Assert.Equal("ARRIVED", node.Look(id).State);
        Assert.Contains(_spans, span => span.ParentSpanId.ToHexString() == Caller && span.Status == ActivityStatusCode.Ok);
    }
}
