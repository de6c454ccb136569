namespace Perdure.Kernel.Tests;

/// <summary>Runs a case with a checker beside it.</summary>
internal static class Watch
{
    public static World Play(MapDefinition map, uint[] script, Action<World> attach)
    {
        var world = new World(map);
        attach(world);
        world.Start();
        foreach (var number in script) world.Give(Outside.Next(world, new(number)));
        return world;
    }
}
