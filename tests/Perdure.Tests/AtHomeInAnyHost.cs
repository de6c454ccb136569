using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;

namespace Perdure.Tests;

/// <summary>What an author's host gives: scopes, dependencies, source-generated JSON.</summary>
[Collection("script")]
public sealed class AtHomeInAnyHost
{
    private readonly Ledger _ledger = new();
    private readonly MemoryStore _store = new();
    private readonly TestShell _shell = new();

    [Fact]
    public void Each_attempt_and_each_undo_has_a_scope_of_its_own_that_ends_with_it()
    {
        var desk = new Desk();
        var node = new TestNode(_store, _shell, p => p.Workflow<Files>(), s => s.AddSingleton(desk).AddScoped<Folder>());
        (desk.Opened, desk.Handles) = (0, desk.Opened);      // the workflow's handle is made in the node's own scope
        desk.Fails = n => n < 2 ? new TransientFailure("busy", "Try later.") : null;
        var id = node.Start("files", """{"name":"x"}""");
        node.Shell.Pass(1.Minutes);
        Assert.Equal("BACK", node.Look(id).State);
        Assert.Equal(["run 1", "run 2", "undo 3"], desk.Log);
        Assert.Equal(1, desk.Handles);
        Assert.Equal([1, 2, 3], desk.Closed);
    }

    [Fact]
    public void Source_generated_contexts_alone_are_enough_also_for_what_the_visit_itself_journals()
    {
        Script.Body = async (visit, walk, _) =>
        {
            var (now, share, made) = (visit.Now(), visit.Random(), visit.NewId());
            var won = await visit.Race("who", visit.Run(walk, new(1)), visit.Sleep(1.Hours));
            var reply = await visit.Signal<Reply>();
            return new Answered($"{won} {reply!.Text} {now.Year} {share is >= 0 and < 1} {made != default}");
        };
        var node = new TestNode(_store, _shell, p => p.Workflow<Script>().Configure(o => o.Json.TypeInfoResolver = Generated.Default), s => s.AddSingleton(_ledger));
        var id = node.Start("script", """{"question":"why"}""");
        node.Done(node.Engine.Signal(id, "reply", "m", """{"text":"so"}"""u8.ToArray()));
        Assert.Equal("""{"text":"0 so 2026 True True"}""", node.DataOf(id));
        Assert.Empty(node.Logged);
    }
}

/// <summary>Something that is made for each scope.</summary>
public sealed class Folder(Desk desk) : IDisposable
{
    public int Number { get; } = ++desk.Opened;
    public void Dispose() => desk.Closed.Add(Number);
}

public sealed class Desk
{
    public int Opened { get; set; }
    public int Handles { get; set; }
    public List<int> Closed { get; } = [];
    public List<string> Log { get; } = [];
    public Func<int, Exception?> Fails { get; set; } = _ => null;
}

public sealed class Stamp(Desk desk, Folder folder) : Operation<Parcel, Weighed>
{
    public override Retry Retry => Retry.Exponential(1.Seconds, attempts: 3, jitter: TimeSpan.Zero);
    public override Task<Weighed> Run(Parcel input, Attempt attempt)
    {
        desk.Log.Add($"run {folder.Number}");
        return desk.Fails(folder.Number) is { } e ? throw e : Task.FromResult(new Weighed(1));
    }
    public override Task Undo(Parcel input, Weighed? output, Attempt attempt)
    {
        desk.Log.Add($"undo {folder.Number}");
        return Task.CompletedTask;
    }
}

public sealed class Files(Stamp stamp) : Workflow<Parcel>("files", 1)
{
    protected override Map<Parcel> Define(Map<Parcel> map) => map.Start().Runs(Go).Revoked<Back>("BACK");
    public async Task<To<Back>> Go(IVisit<Parcel> visit, Parcel parcel)
    {
        await visit.Run(stamp, parcel);
        return new Back("again");
    }
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Ask)), JsonSerializable(typeof(Weighing)), JsonSerializable(typeof(Answered)), JsonSerializable(typeof(Dropped)), JsonSerializable(typeof(Reply))]
[JsonSerializable(typeof(Trip)), JsonSerializable(typeof(Arrived)), JsonSerializable(typeof(TurnedBack)), JsonSerializable(typeof(Leg)), JsonSerializable(typeof(Walked))]
internal sealed partial class Generated : JsonSerializerContext;
