"""org.freedesktop.systemd1 as far as one unit needs it, on a bus of its own; not systemd's code.

usage: fake_systemd.py FOLDER

FOLDER/behaviour says what happens to the next call; calls are written to standard output.
"""

import os
import sys
from pathlib import Path

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

SYSTEMD = "org.freedesktop.systemd1"
MANAGER = f"{SYSTEMD}.Manager"
FOLDER = Path(sys.argv[1])
UNIT = "vdtgw-teletel.service"
UNIT_PATH = "/org/freedesktop/systemd1/unit/vdtgw_2dteletel_2eservice"


def behaviour():
    return (FOLDER / "behaviour").read_text()


class Denied(dbus.DBusException):
    _dbus_error_name = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"


class NoSuchUnit(dbus.DBusException):
    _dbus_error_name = "org.freedesktop.systemd1.NoSuchUnit"


class Hostile(dbus.DBusException):
    _dbus_error_name = "org.example.Error"


class Unit(dbus.service.Object):
    state, pid = "inactive", 0

    @dbus.service.method(
        "org.freedesktop.DBus.Properties",
        in_signature="ss",
        out_signature="v",
        async_callbacks=("done", "failed"),
    )
    def Get(self, interface, name, done, failed):
        print("Get", interface, name, flush=True)
        if behaviour() == "hang":
            return
        assert (interface, name) == (f"{SYSTEMD}.Unit", "ActiveState")
        done(7 if behaviour() == "wrong type" else self.state)

    @dbus.service.method(
        "org.freedesktop.DBus.Properties",
        in_signature="s",
        out_signature="a{sv}",
        async_callbacks=("done", "failed"),
    )
    def GetAll(self, interface, done, failed):
        print("GetAll", interface, flush=True)
        if behaviour() == "hang":
            return
        if behaviour() == "die":
            sys.stdout.flush()
            os._exit(0)
        if interface == f"{SYSTEMD}.Service":
            pid = dbus.UInt32(self.pid) if behaviour() != "wrong type" else "nobody"
            done({"MainPID": pid, "NRestarts": dbus.UInt32(3), "Strange": dbus.Array([], "(uay)")})
            return
        description = "Fake \x1b[2J kiosk" if behaviour() != "long" else "é" * 100000
        done(
            {
                "LoadState": "loaded",
                "ActiveState": self.state,
                "SubState": "running" if self.state == "active" else "dead",
                "Description": description,
                "StateChangeTimestamp": dbus.UInt64(1700000000000000),
            }
        )


class Manager(dbus.service.Object):
    def __init__(self, bus, unit):
        super().__init__(bus, "/org/freedesktop/systemd1")
        self.unit = unit
        self.jobs = 0

    @dbus.service.signal(MANAGER, signature="uoss")
    def JobRemoved(self, number, job, unit, result):
        pass

    @dbus.service.method(MANAGER)
    def Subscribe(self):
        print("Subscribe", flush=True)

    def job(self, verb, unit, mode, done, failed):
        what = behaviour()
        print(verb, unit, mode, flush=True)
        self.jobs += 1
        job = dbus.ObjectPath(f"/org/freedesktop/systemd1/job/{self.jobs}")
        result = what if what in ("failed", "canceled", "\x1b]0;odd\x07") else "done"

        def remove():
            self.JobRemoved(self.jobs + 1000, "/org/freedesktop/systemd1/job/0", unit, "failed")
            self.JobRemoved(self.jobs, job, "other.service", "failed")
            self.JobRemoved(self.jobs, job, unit, result)

        if what == "denied":
            failed(Denied("Interactive authentication required."))
        elif what == "no unit":
            failed(NoSuchUnit(f"Unit {unit} not found."))
        elif what == "hostile":
            failed(Hostile("\x1b[2J" + "x" * 100000))
        elif what == "no job":
            done(job)
        else:
            self.unit.state, self.unit.pid = ("active", 4711) if verb != "stop" else ("inactive", 0)
            if what == "early":
                remove()
                done(job)
            else:
                done(job)
                GLib.timeout_add(50, lambda: remove())

    @dbus.service.method(MANAGER, "ss", "o", async_callbacks=("done", "failed"))
    def StartUnit(self, unit, mode, done, failed):
        self.job("start", unit, mode, done, failed)

    @dbus.service.method(MANAGER, "ss", "o", async_callbacks=("done", "failed"))
    def StopUnit(self, unit, mode, done, failed):
        self.job("stop", unit, mode, done, failed)

    @dbus.service.method(MANAGER, "ss", "o", async_callbacks=("done", "failed"))
    def RestartUnit(self, unit, mode, done, failed):
        self.job("restart", unit, mode, done, failed)


DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
name = dbus.service.BusName(SYSTEMD, bus)
manager = Manager(bus, Unit(bus, UNIT_PATH))
print("ready", flush=True)
GLib.MainLoop().run()
