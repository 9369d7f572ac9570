# A boot sector that writes a line to its first serial port about every second, for ever.
.code16
.globl _start
_start:
    xorw %ax, %ax
    movw %ax, %ds
    movw $0x3f8, %dx
line:
    movw $text, %si
byte:
    lodsb
    testb %al, %al
    jz rest
    outb %al, %dx
    jmp byte
# 18.2 ticks of the BIOS a second.
rest:
    sti
    movw $18, %cx
tick:
    hlt
    loop tick
    jmp line
text:
    .asciz "xenphase writes to a serial port\r\n"
.org 510
.word 0xaa55
