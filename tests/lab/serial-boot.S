# A boot sector that writes a line to its first serial port every now and then, for ever. It waits by writing to port 0x80, each
# time a VM exit, and leaves interrupts off.
.code16
.globl _start
_start:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
line:
    movw $text, %si
    movw $0x3f8, %dx
byte:
    lodsb
    testb %al, %al
    jz rest
    outb %al, %dx
    jmp byte
rest:
    movw $2000, %cx
wait:
    outb %al, $0x80
    loop wait
    jmp line
text:
    .asciz "xenphase writes to a serial port\r\n"
.org 510
.word 0xaa55
