"""ordinary_kernels: families of generated kernels, compiled for the devices and for the host."""

load("//bazel:hip_code_object.bzl", "hip_code_object")

def ordinary_kernels(name, families, levels):
    """NAME_objects are the code objects, NAME_host is the library of the host's side.

    Args:
      name: prefix of the targets
      families: names of families, and how many kernels of each
      levels: names of levels, and the flags of the device compiler; NAME of a family in front of a
        colon in a level's name restricts it to that family
    """
    objects = []
    for family, count in families.items():
        native.genrule(
            name = family + "_source",
            outs = [family + ".hip", family + ".cc"],
            cmd = "$(execpath :generate) %s %d | tee $(OUTS) > /dev/null" % (family, count),
            tools = [":generate"],
        )
        for level, flags in levels.items():
            if ":" in level and not level.startswith(family + ":"):
                continue
            target = family + "_" + level.split(":")[-1]
            hip_code_object(
                name = target,
                src = family + ".hip",
                hdrs = ["prelude.h"],
                copts = ["-w", "-nogpuinc"] + flags,
            )
            objects.append(target)
        native.cc_library(
            name = family + "_host",
            srcs = [family + ".cc"],
            # Speed is no matter here.
            copts = ["-w", "-O1"],
            alwayslink = True,
            deps = [":prelude"],
        )
    native.filegroup(
        name = name + "_objects",
        srcs = objects,
    )
    native.cc_library(
        name = name + "_host",
        deps = [family + "_host" for family in families],
    )
