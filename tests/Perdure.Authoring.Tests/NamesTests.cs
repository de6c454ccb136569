using Perdure.Authoring.Tests.Shop;

namespace Perdure.Authoring.Tests;

/// <summary>Names are stable strings: given, or derived from the type in one way.</summary>
public sealed class NamesTests
{
    [Name("held")]
    private sealed record Given;

    private sealed record Box<T>;

    private static class Outer<T>
    {
        public sealed record Inner;
    }

    private sealed class SendEMail2Customer : Query<string, string>
    {
        public override Task<string> Run(string input, Attempt attempt) => Task.FromResult(input);
    }

    private sealed class Notify<T> : Query<T, string>
    {
        public override Task<string> Run(T input, Attempt attempt) => Task.FromResult("");
    }

    [Name("capture")]
    private sealed class Renamed : Query<string, string>
    {
        public override Task<string> Run(string input, Attempt attempt) => Task.FromResult(input);
    }

    [Theory]
    [InlineData(typeof(Charged), "Charged")]
    [InlineData(typeof(Given), "held")]
    [InlineData(typeof(Box<Charged>), "Box<Charged>")]
    [InlineData(typeof(Box<Given[]>), "Box<held[]>")]
    [InlineData(typeof(Dictionary<string, Given>), "Dictionary<String,held>")]
    [InlineData(typeof(Outer<Charged>.Inner), "Inner<Charged>")]
    public void Of_a_state_or_payload(Type type, string name) => Assert.Equal(name, Names.Of(type));

    [Theory]
    [InlineData(typeof(CaptureCharge), "capture-charge")]
    [InlineData(typeof(SendEMail2Customer), "send-e-mail2-customer")]
    [InlineData(typeof(Renamed), "capture")]
    [InlineData(typeof(Notify<Charged>), "notify-charged")]
    [InlineData(typeof(Notify<Given>), "notify-held")]
    [InlineData(typeof(Notify<Box<Charged>>), "notify-box-charged")]
    public void Of_an_operation(Type type, string name) => Assert.Equal(name, ((IStep)Activator.CreateInstance(type)!).Name);

    [Theory]
    [InlineData(typeof(CarrierDelivered), "carrier-delivered")]
    [InlineData(typeof(IShippable), "i-shippable")]
    public void Of_a_signal(Type type, string name) => Assert.Equal(name, Names.Kebab(type));

    [Fact]
    public void The_name_of_a_state_is_its_types_unless_given()
    {
        var map = new Map<Order>().End<Given>().End<Charged>("CHARGED");
        Assert.Equal(["held", "CHARGED"], map.States.Select(s => s.Name));
    }
}
