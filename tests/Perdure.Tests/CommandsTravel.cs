using System.Text;
using System.Text.Json;
using Perdure.Kernel;
using Perdure.Runtime;

namespace Perdure.Tests;

/// <summary>What a node sends to another, which may be of the build before: it is read as it was meant, or not at all.</summary>
public sealed class CommandsTravel
{
    private static readonly ChildLetter Letter = new("hike", "child:p.1.c", 7, 3, 1) { Namespace = "default", Input = new("trip", "", [1], "json") };

    [Fact]
    public void Every_command_is_read_as_it_was_sent()
    {
        InstanceCommand[] all =
        [
            new InstanceCommand.Signal("reply", "m", [1, 2]), new InstanceCommand.Decide(0, false, "ann", ["judge"], ""), new InstanceCommand.Cancel("ann", "why"), new InstanceCommand.Pause("ann"),
            new InstanceCommand.Resume("ann"), new InstanceCommand.Retry("ann", null, RetryMode.Again), new InstanceCommand.Retry("ann", 2, RetryMode.Accept), new InstanceCommand.Retry("ann", 2, RetryMode.RestartVisit),
            new InstanceCommand.StartChild(Letter), new InstanceCommand.StartChild(Letter with { BusinessKey = "k", TraceParent = "t", Priority = -1, Map = 2, Again = true }),
            new InstanceCommand.CancelChild(7, "child:p.1.c"), new InstanceCommand.EndChild(3, "end:c", "DONE", new("trip", "s", [1], "json")),
        ];
        foreach (var sent in all)
        {
            var read = InstanceCommand.Read(sent.Write());
            Assert.IsType(sent.GetType(), read);
            Assert.Equal(Encoding.UTF8.GetString(sent.Write()), Encoding.UTF8.GetString(read.Write()));
        }
        Assert.Equal(["judge"], Assert.IsType<InstanceCommand.Decide>(InstanceCommand.Read(all[1].Write())).Roles);
        Assert.Equal((null, RetryMode.Again), Assert.IsType<InstanceCommand.Retry>(InstanceCommand.Read(all[5].Write())) is var retry ? (retry.Incident, retry.Mode) : default);
        Assert.Equal((-1, 2, true, "k"), Assert.IsType<InstanceCommand.StartChild>(InstanceCommand.Read(all[9].Write())).Letter is var l ? (l.Priority, l.Map, l.Again, l.BusinessKey) : default);
    }

    [Fact]
    public void What_is_not_used_does_not_stand_there_so_that_a_build_that_does_not_know_it_can_read_the_rest()
    {
        var sent = JsonElement.Parse(new InstanceCommand.StartChild(Letter).Write()).GetProperty("letter");
        Assert.Equal(["input", "namespace", "ordinal", "parent", "requestKey", "visit", "workflow"], sent.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.Equal("child:p.1.c", ChildLetter.In(Letter.Message("start:child:p.1.c"))!.RequestKey);
    }

    [Fact]
    public void What_the_build_before_says_without_need_is_no_reason_not_to_read_it()
    {
        var letter = """{"asks":"start-child","letter":{"from":{"value":7,"slot":7},"workflow":"hike","requestKey":"k","parent":7,"ordinal":3,"visit":1,"namespace":"default","businessKey":null,"traceParent":null,"priority":0,"map":null,"again":false}}""";
        Assert.Equal(7, Assert.IsType<InstanceCommand.StartChild>(InstanceCommand.Read(Encoding.UTF8.GetBytes(letter))).Letter.From.Value);
    }

    [Theory]
    [InlineData("""{"asks":"retry","by":"ann","incident":1,"mode":3}""")]
    [InlineData("""{"asks":"retry","by":"ann","incident":1,"harder":true}""")]
    [InlineData("""{"asks":"retry-harder","by":"ann"}""")]
    [InlineData("""{"asks":"start-child","letter":{"workflow":"w","requestKey":"k","parent":1,"ordinal":1,"visit":1,"newer":1}}""")]
    [InlineData("null")]
    public void One_that_only_a_newer_build_knows_is_not_taken_for_another(string body) => Assert.Throws<JsonException>(() => InstanceCommand.Read(Encoding.UTF8.GetBytes(body)));
}
