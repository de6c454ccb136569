using Xunit;

namespace Perdure.Analyzers.Tests;

/// <summary>PERD002.</summary>
public sealed class JournalNamesTests
{
    [Theory]
    [InlineData("""await Task.WhenAll(visit.Run(pick, "a"), [|visit.Run(pick, "b")|]);""")]
    [InlineData("""var a = visit.Run(pick, "a"); var b = [|visit.Run(pick, "b")|]; await a; await b;""")]
    [InlineData("""var a = visit.Try(pick, "a"); await visit.Run(reserve, "r"); await a; await [|visit.Try(pick, "b")|];""")]
    [InlineData("""await Task.WhenAll(visit.Run(pick, "a", key: "k"), [|visit.Run(pick, "b", key: "k")|]);""")]
    [InlineData("""await Task.WhenAll(visit.Run(pick, "a", name: "n"), [|visit.Run(reserve, "b", name: "n")|]);""")]
    [InlineData("""await Task.WhenAll(visit.Run(pick, "a"), visit.Run(reserve, "b")); await [|visit.Run(pick, "c")|];""")]
    [InlineData("""await visit.Run(pick, "a"); await visit.Each(reserve, order.Lines, l => l); await [|visit.Run(pick, "b")|];""")]
    [InlineData("""await visit.Run(pick, "a").ConfigureAwait(false); _ = visit.Run(reserve, "r"); await [|visit.Run(pick, "b")|].ConfigureAwait(false);""")]
    [InlineData("""Task<Parcel>[] all = [visit.Run(pick, "a"), [|visit.Run(pick, "b")|]]; await Task.WhenAll(all);""")]
    public Task Overlapping_operations_of_one_name(string statements) => Analyzed.Says("PERD002", Code.Body(statements), "key: …");

    [Theory]
    [InlineData("""var all = new List<Task<Parcel>>(); foreach (var line in order.Lines) all.Add([|visit.Run(pick, line)|]); await Task.WhenAll(all);""")]
    [InlineData("""await Task.WhenAll(order.Lines.Select(line => [|visit.Run(pick, line)|]));""")]
    [InlineData("""await Task.WhenAll([.. order.Lines.Select(line => [|visit.Run(pick, line)|]).ToList()]);""")]
    [InlineData("""var all = new Task[2]; for (var i = 0; i < 2; i++) all[i] = [|visit.Run(pick, "x")|]; await Task.WhenAll(all);""")]
    public Task Operations_started_in_a_loop(string statements) => Analyzed.Says("PERD002", Code.Body(statements), "key: …");

    [Theory]
    [InlineData("""var a = visit.Once("limit", () => order.Total); var b = [|visit.Once("limit", () => 2m)|];""")]
    [InlineData("""await visit.Sleep(1.Days, "pause"); await [|visit.Sleep(2.Days, name: "pause")|];""")]
    [InlineData("""await visit.Race("who", visit.Run(pick, "a"), visit.Sleep(1.Days)); await [|visit.Race("who", visit.Sleep(1.Days))|];""")]
    [InlineData("""var a = visit.Now("x"); if (order.Total > 1) { var b = [|visit.Random("x")|]; }""")]
    [InlineData("""const string Name = "x"; visit.Once(Name, () => 1); try { [|visit.Once("x", () => 2)|]; } finally { }""")]
    public Task A_literal_name_twice(string statements) => Analyzed.Says("PERD002", Code.Body(statements), "each its own name");

    [Theory]
    [InlineData("""await visit.Run(pick, "a"); await visit.Run(pick, "b");""")]
    [InlineData("""var a = await visit.Run(pick, "a"); var b = await visit.Run(pick, a.Sku).ConfigureAwait(false);""")]
    [InlineData("""foreach (var line in order.Lines) await visit.Run(pick, line);""")]
    [InlineData("""while (order.Total > 1) { await visit.Sleep(1.Minutes, "poll"); var state = visit.Once("seen", () => 1); }""")]
    [InlineData("""foreach (var line in order.Lines) { var one = visit.Run(pick, line); await one; }""")]
    [InlineData("""var one = visit.Run(pick, "a"); await one; var two = visit.Run(pick, "b"); await two;""")]
    [InlineData("""var now = visit.Now(); var later = visit.Now(); var x = visit.Random() + visit.Random(); await visit.Sleep(1.Days); await visit.Sleep(2.Days);""")]
    public Task One_after_the_other_is_numbered(string statements) => Analyzed.Accepts(Code.Body(statements));

    [Theory]
    [InlineData("""await Task.WhenAll(visit.Run(pick, "a"), visit.Run(reserve, "b"));""")]
    [InlineData("""await Task.WhenAll(visit.Run(pick, "a", key: "1"), visit.Run(pick, "b", key: "2"));""")]
    [InlineData("""await Task.WhenAll(visit.Run(pick, "a", name: "first"), visit.Run(pick, "b", name: "second"));""")]
    [InlineData("""await Task.WhenAll(order.Lines.Select(line => visit.Run(pick, line, key: line)));""")]
    [InlineData("""var all = new List<Task>(); foreach (var line in order.Lines) all.Add(visit.Run(pick, line, key: line)); await Task.WhenAll(all);""")]
    [InlineData("""await visit.Each(pick, order.Lines, line => line); await visit.Run(reserve, "r");""")]
    [InlineData("""await visit.Each(pick, order.Lines, line => line, atOnce: 1); await visit.Run(reserve, "r"); await visit.Run(reserve, "s");""")]
    public Task Keys_and_names_tell_them_apart(string statements) => Analyzed.Accepts(Code.Body(statements));

    [Theory]
    [InlineData("""if (order.Total > 1) visit.Once("x", () => 1); else visit.Once("x", () => 2);""")]
    [InlineData("""if (order.Total > 1) { visit.Once("x", () => 1); return new Gone("g"); } visit.Once("x", () => 2);""")]
    [InlineData("""var task = order.Total > 1 ? visit.Run(pick, "a") : visit.Run(pick, "b"); await visit.Run(reserve, "r"); await task;""")]
    [InlineData("""switch (order.Id) { case "a": await visit.Sleep(1.Days, "x"); break; default: await visit.Sleep(2.Days, "x"); break; }""")]
    [InlineData("""foreach (var line in order.Lines) if (line == "") visit.Once("x", () => 1); else visit.Once("x", () => 2);""")]
    public Task Only_one_of_two_branches_is_taken(string statements) => Analyzed.Accepts(Code.Body(statements));

    [Theory]
    [InlineData("""async Task Two(string l) { var a = visit.Run(pick, l); var b = [|visit.Run(pick, l)|]; await a; await b; } await Two("a");""")]
    [InlineData("""async Task Two() { visit.Once("x", () => 1); [|visit.Once("x", () => 1)|]; await visit.Sleep(1.Days); } await Two();""")]
    [InlineData("""Func<Task> two = async () => { visit.Once("x", () => 1); [|visit.Once("x", () => 1)|]; await visit.Sleep(1.Days); }; await two();""")]
    [InlineData("""async Task Outer() { async Task Inner() { visit.Once("x", () => 1); [|visit.Once("x", () => 1)|]; await visit.Sleep(1.Days); } await Inner(); } await Outer();""")]
    public Task In_a_function_that_takes_the_visit_from_around_it(string statements) => Analyzed.Says("PERD002", Code.Body(statements));

    [Theory]
    [InlineData("""async Task Two(string l) { await visit.Run(pick, l); await visit.Run(pick, l); } await Two("a");""")]
    [InlineData("""async Task Two() { if (order.Total > 1) visit.Once("x", () => 1); else visit.Once("x", () => 1); await visit.Sleep(1.Days); } await Two();""")]
    [InlineData("""await Task.WhenAll(order.Lines.Select(async l => { var p = await visit.Run(pick, l, key: l); await visit.Run(reserve, p.Sku, key: l); }));""")]
    public Task Such_a_function_that_keeps_the_rule_is_accepted(string statements) => Analyzed.Accepts(Code.Body(statements));

    [Fact]
    public Task In_a_lambda_and_a_local_function_that_are_bodies() => Analyzed.Says("PERD002", Code.Body("""
        async Task Inner(IVisit inner) { await inner.Sleep(1.Days, "x"); await [|inner.Sleep(1.Days, "x")|]; }
        Func<IVisit, Task> lambda = async inner => { await inner.Sleep(1.Days, "x"); await [|inner.Sleep(1.Days, "x")|]; };
        await Inner(visit);
        """));
}
